# Steps of TRL's GRPOTrainer on the CPU, timed for benches/trl_step.ts, with which they take turns (peers/turns.ts): reads
# a job as one line of JSON, says that it is ready, and takes a step for every further line.
# A step is everything from on_step_begin to on_step_end: generation, rewards, forward, backward, AdamW.

import json
import sys
import tempfile
import time

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

job = json.loads(sys.stdin.readline())


def say(message):
    print("turn " + json.dumps(message), flush=True)


torch.set_num_threads(2)
prompts, samples, tokens = job["prompts"], job["samples"], job["tokens"]

# An end and padding token outside the model's vocabulary: it cannot be sampled, and equal lengths need no padding.
tokenizer = AutoTokenizer.from_pretrained(job["directory"])
tokenizer.add_special_tokens({"eos_token": "<never>", "pad_token": "<never>"})
assert all(len(ids) == job["prompt_tokens"] for ids in tokenizer(prompts)["input_ids"])


def load():
    model = AutoModelForCausalLM.from_pretrained(job["directory"], dtype=torch.float32)
    assert tokenizer.eos_token_id >= model.config.vocab_size
    model.generation_config.eos_token_id = model.config.eos_token_id = None
    return model


class Clock(TrainerCallback):
    """A step ends before it is logged, and is told with what was logged."""

    def on_step_begin(self, *_, **__):
        sys.stdin.readline()
        self.began = time.perf_counter()

    def on_step_end(self, *_, **__):
        self.seconds = time.perf_counter() - self.began

    def on_log(self, args, state, control, logs, **__):
        if "frac_reward_zero_std" in logs:
            say({"seconds": self.seconds, "counted": logs["frac_reward_zero_std"]})


def steps(share):
    def reward(completion_ids, **_):
        assert all(len(ids) == tokens for ids in completion_ids)
        equal = share * len(prompts) * samples
        return [float(i % 2) if i >= equal else 0.0 for i in range(len(completion_ids))]

    trainer = GRPOTrainer(
        model=load(),
        reward_funcs=reward,
        args=GRPOConfig(
            output_dir=tempfile.mkdtemp(),
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            per_device_train_batch_size=len(prompts) * samples,
            num_generations=samples,
            max_completion_length=tokens,
            max_steps=job["steps"],
            learning_rate=1e-6,
            lr_scheduler_type="constant",
            loss_type="grpo",
            shuffle_dataset=False,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list([{"prompt": prompt} for prompt in prompts]),
        processing_class=tokenizer,
        callbacks=[Clock()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


model = load()
start, ids = job["scored"]["prompt_length"], job["scored"]["ids"]
with torch.no_grad():
    scores = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
say({
    "parameters": model.num_parameters(),
    "logprobs": [scores[t - 1, ids[t]].item() for t in range(start, len(ids))],
})
for share in job["shares"]:
    steps(share)
