"""Renders chat templates of packages with transformers, for render_templates.ts.

    pip download --no-deps trl axolotl          (their wheels hold about 110 templates)
    python render_templates.py OUT.json ARCHIVE...     (wheels, source archives or folders with *.jinja files)

Every template x dialogue: the text, or null where transformers refuses. The date is fixed. No template is kept in the
project: write OUT.json outside of it. Needs transformers (5.24 tried).
"""
import datetime
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import transformers.utils.chat_template_utils as utils

NOW = datetime.datetime(2026, 3, 7, 9, 5, 3)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


def u(text): return {"role": "user", "content": text}
def a(text): return {"role": "assistant", "content": text}
def s(text): return {"role": "system", "content": text}


DIALOGUES = [
    ([u("What is 1+1?")], {}),
    ([s("Be brief."), u("  Hi \n there  ")], {}),
    ([u("a"), a("b"), u("c")], {}),
    ([s("S"), u("a"), a("b"), u("c"), a("d"), u("e")], {}),
    ([u("a"), a("<think>\n  x  \n\n</think>\n\n    b  \n"), u("d"), a("<think>\n  y \n</think>\n  c")], {}),
    ([u("a"), a("<think>x</think>b"), u("c")], {"enable_thinking": False}),
    ([u("a")], {"enable_thinking": True}),
    ([s("S"), u("a")], {"enable_thinking": False}),
    ([u("ünïcode 数学 😀 \\boxed{1} {{ x }} {% y %} 'it''s' \"q\" & <b>")], {}),
    ([u("")], {}),
    ([s(""), u("a")], {}),
    ([u("\n\na\t\n"), a(""), u(" ")], {}),
    ([u("a"), a("b")], {}),
    ([a("first"), u("a")], {}),
    ([u("a"), u("b")], {}),
    ([u("a"), s("late"), u("b")], {}),
    ([s("only")], {}),
    ([u("a"), a("b"), a("c"), u("d")], {}),
    ([u("/no_think a"), a("x </think> y"), u("/think b")], {"add_generation_prompt": False}),
    ([s("You are\nhelpful. /no_think"), u("Ω — café cafe\u0301\u00a0\u2003end"), a("\u2028x\u0085"), u("😀😀")], {}),
    ([], {}),
    ([u("[INST] a [/INST] <|im_end|> </s>"), a("<tool_call>{}</tool_call>"), u("<tool_response>r</tool_response>")], {}),
]


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return NOW


def templates(path):
    path = Path(path)
    if path.is_dir():
        for file in sorted(path.rglob("*.jinja")):
            yield str(file.relative_to(path)), file.read_text()
    elif path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".jinja"):
                    yield name, archive.read(name).decode()
    else:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.name.endswith(".jinja") and member.isfile():
                    yield member.name, archive.extractfile(member).read().decode()


def render(template, messages, options):
    settings = {"add_generation_prompt": True, **TOKENS, **options}
    try:
        return utils.render_jinja_template([messages], chat_template=template, **settings)[0][0]
    except Exception:  # whatever Python raises is a refusal
        return None


if __name__ == "__main__":
    utils.datetime = Clock
    seen, rows = set(), []
    for archive in sys.argv[2:]:
        for name, template in templates(archive):
            if template in seen:
                continue
            seen.add(template)
            texts = [render(template, messages, options) for messages, options in DIALOGUES]
            rows.append({"name": name, "template": template, "texts": texts})
    dialogues = [{"messages": messages, "options": options} for messages, options in DIALOGUES]
    Path(sys.argv[1]).write_text(json.dumps({"now": NOW.isoformat(), "tokens": TOKENS, "dialogues": dialogues, "rows": rows}))
    print(len(rows), "templates x", len(DIALOGUES), "dialogues;", sum(text is None for row in rows for text in row["texts"]), "refused")
