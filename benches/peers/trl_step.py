# Steps of TRL's GRPOTrainer on the CPU, timed for benches/trl_step.ts: reads a job as JSON, prints a row as JSON.
# A step is everything from on_step_begin to on_step_end: generation, rewards, forward, backward, AdamW.

import json
import statistics
import sys
import tempfile
import time

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

job = json.load(sys.stdin)
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
    def __init__(self):
        self.seconds = []

    def on_step_begin(self, *_, **__):
        self.began = time.perf_counter()

    def on_step_end(self, *_, **__):
        self.seconds.append(time.perf_counter() - self.began)


def steps(share):
    def reward(completion_ids, **_):
        assert all(len(ids) == tokens for ids in completion_ids)
        equal = share * len(prompts) * samples
        return [float(i % 2) if i >= equal else 0.0 for i in range(len(completion_ids))]

    clock = Clock()
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
        callbacks=[clock],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    counted = [log["frac_reward_zero_std"] for log in trainer.state.log_history if "frac_reward_zero_std" in log]
    assert len(set(counted)) == 1, counted
    return {"z": share, "seconds": statistics.median(clock.seconds[1:]), "counted": counted[0]}


model = load()
start, ids = job["scored"]["prompt_length"], job["scored"]["ids"]
with torch.no_grad():
    scores = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
row = {
    "parameters": model.num_parameters(),
    "steps": [steps(share) for share in job["shares"]],
    "logprobs": [scores[t - 1, ids[t]].item() for t in range(start, len(ids))],
}
print(json.dumps(row))
