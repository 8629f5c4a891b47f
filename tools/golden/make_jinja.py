"""Writes what the tests of the template language compare with, by running Python's Jinja2 in the environment of transformers.

Usage: make_jinja.py cases OUT_FOLDER                 tests/fixtures/text/jinja_cases.jsonl: small templates and what they give
       make_jinja.py templates DATA_FOLDER OUT_FOLDER hashes of all chat templates under DATA_FOLDER over many conversations

The small templates stand in jinja_expressions.txt and jinja_statements.txt beside this script, one a line, \\n for a new line.
A template that raises has no output. Dates are those of SOURCE_DATE_EPOCH=1700000000 in UTC.
"""
import datetime
import glob
import json
import os
import sys

import xxhash
from transformers.utils import chat_template_utils as reference

HERE = os.path.dirname(os.path.abspath(__file__))
CONTEXT = {"a": 1, "xs": [1, 2, 3], "s": "héllo", "d": {"k": "v", "n": None},
           "msgs": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


class Fixed(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(1700000000, datetime.timezone.utc).replace(tzinfo=None)


reference.datetime = Fixed


def render(template, context):
    try:
        return reference._cached_compile_jinja_template(template).render(**context)
    except Exception:
        return None


def cases(out):
    count = 0
    with open(os.path.join(out, "jinja_cases.jsonl"), "w") as f:
        f.write(json.dumps(CONTEXT, ensure_ascii=False) + "\n")
        for name in ("jinja_expressions.txt", "jinja_statements.txt"):
            for line in open(os.path.join(HERE, name)):
                template = line.rstrip("\n").replace("\\n", "\n")
                text = render(template, CONTEXT)
                if not template or (text and (" at 0x" in text or "j)" in text)):  # addresses, complex numbers
                    continue
                f.write(json.dumps({"template": template, "text": text}, ensure_ascii=False) + "\n")
                count += 1
    print(count, "cases")


# ---- chat templates over conversations

TOOL = {"type": "function", "function": {
    "name": "get_weather", "description": "Get the weather — 天気",
    "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "City <name> & \"quote\""}, "units": {"type": "string", "enum": ["c", "f"]},
        "n": {"type": ["integer", "null"]}}, "required": ["city"]}}}
NOOP = {"type": "function", "function": {"name": "noop", "description": "", "parameters": {"type": "object", "properties": {}}}}
CALL = [{"type": "function", "id": "call12345", "function": {"name": "get_weather", "arguments": {"city": "Paris", "units": "c"}}}]
CALL_TEXT = [{"type": "function", "id": "abcdefghi", "function": {"name": "get_weather", "arguments": "{\"city\": \"Köln\"}"}}]
TEXTS = ["", "   ", "日本語のテキスト🙂", "a\nb\n\nc\n", " lead and trail ", "<think>deep</think>final", "<think>\nx\n</think>\n\ny",
         "{{ x }} {% y %}", "\\n \t tab", "<|im_end|></s><eos>", "İ ß ŉ", "\u00a0nbsp\u2003"]
KWARGS = [{"enable_thinking": False}, {"enable_thinking": True}, {"reasoning_effort": "high"}, {"date_string": "1 Jan 2025"},
          {"preserve_thinking": True}, {"bos_token": "<B>"}, {"keep_reasoning": True, "x": 1},
          {"builtin_tools": ["python"], "custom_tools": None}, {"model_identity": "I am"}, {"add_vision_id": True}]


def user(content, **more):
    return dict(role="user", content=content, **more)


def assistant(content, **more):
    return dict(role="assistant", content=content, **more)


def system(content):
    return dict(role="system", content=content)


def parts(*texts):
    return [{"type": "text", "text": t} for t in texts]


def result(content, **more):
    return dict(role="tool", content=content, **more)


def conversations():
    rows = []

    def add(*messages, **more):
        rows.append(dict(messages=list(messages), **more))

    for head in ([], [system("You are helpful.")], [system("")], [system(" spaced \n")]):
        for turns in range(1, 7):
            talk = [user(f"Question {i} <b>&'\"") if i % 2 == 0 else assistant(f"Answer {i}\nline two") for i in range(turns)]
            add(*head, *talk)
            add(*head, *talk, add_generation_prompt=True)
    for t in TEXTS:
        add(user(t))
        add(user("q"), assistant(t))
        add(user(t), assistant(t), user("x"), add_generation_prompt=True)
        add(system(t), user("q"), assistant("a"), user("q2"), assistant(t))
    add(user("weather?"), tools=[TOOL], add_generation_prompt=True)
    add(system("sys"), user("weather?"), tools=[TOOL, NOOP], add_generation_prompt=True)
    add(user("weather?"), assistant("", tool_calls=CALL), result("sunny", name="get_weather", tool_call_id="call12345"),
        assistant("It is sunny"), tools=[TOOL])
    add(user("weather?"), dict(role="assistant", tool_calls=CALL), result("{\"t\": 20}", name="get_weather", tool_call_id="call12345"),
        tools=[TOOL], add_generation_prompt=True)
    add(user("weather?"), assistant(None, tool_calls=CALL_TEXT), result("sunny", tool_call_id="abcdefghi"), assistant("ok"), tools=[TOOL])
    add(system("s"), user("w"), assistant("thinking aloud", tool_calls=CALL + CALL_TEXT), result("1", tool_call_id="call12345"),
        result("2", tool_call_id="abcdefghi"), assistant("done"), user("more?"), tools=[TOOL], add_generation_prompt=True)
    add(user("hi"), assistant("a", reasoning_content="because"), user("hm"), assistant("b", reasoning_content="since\nthen"))
    add(user("hi"), assistant("a", thinking="because"), user("hm"), assistant("b", reasoning="since"))
    add(user("hi"), assistant("a", reasoning_content="r", tool_calls=CALL), result("x"), assistant("b"), tools=[TOOL])
    add(user(parts("one", "two")))
    add(system(parts("sys")), user(parts("one")), assistant(parts("ans", "wer")), user(parts("q")), add_generation_prompt=True)
    add(user([{"type": "image"}, {"type": "text", "text": "what?"}]), assistant("a cat"))
    add(user([]), assistant(parts("")))
    add(user(None), assistant("x"))
    add(user("x"), assistant(None))
    add(dict(role="user"))
    add(dict(content="no role"))
    add(assistant("starts with assistant"), user("x"))
    add(user("a"), user("b"), assistant("c"), assistant("d"))
    add(dict(role="developer", content="dev"), user("x"), add_generation_prompt=True)
    add(result("t"))
    add(dict(role="ipython", content="t"), user("q"))
    add(dict(role="function", content="t"), user("q"))
    add(user("q"), documents=[{"title": "T", "text": "Doc text"}, {"title": "U", "text": "Other é"}], add_generation_prompt=True)
    add(system("x"), user("q"), assistant("a"), user("q"), documents=[{"title": "T", "text": "Doc text"}], tools=[TOOL])
    for kwargs in KWARGS:
        add(system("sys"), user("hi"), assistant("yo", reasoning_content="why"), user("q"), chat_template_kwargs=kwargs,
            add_generation_prompt=True)
        add(user("hi"), assistant("yo"), chat_template_kwargs=kwargs, tools=[TOOL])
    add(user(1))
    add(user(1.5), assistant(True))
    add(user({"a": 1}))
    add(user("q"), assistant(["a", "b"]))
    add(user("x", name="Bob", extra=[1, None, {"k": None}]), assistant("y", weight=0))
    add(user("q"), tools=[])
    add(user("q"), tools=[TOOL["function"]])
    add(user("q"), documents=[])
    add(user("q"), assistant("a", tool_calls=[]))
    add(user("q"), assistant("a", tool_calls=None), tools=[TOOL])
    add()
    return rows


def chat(template, row):
    """What apply_chat_template does with a conversation."""
    try:
        messages = [{k: v for k, v in m.items() if v is not None} for m in row["messages"]]
        if not messages:
            return None
        text, _ = reference.render_jinja_template(
            conversations=[messages], tools=row.get("tools"), documents=row.get("documents"), chat_template=template,
            add_generation_prompt=row.get("add_generation_prompt", False), **{**TOKENS, **row.get("chat_template_kwargs", {})})
        return text[0]
    except Exception:
        return None


def digest(text):
    return "----" if text is None else xxhash.xxh3_128_hexdigest(text.encode())[:4]


def vectors(data, name, template, context):
    """The vectors come with what another engine makes of them; this is what Python makes of them."""
    path = os.path.join(data, "jinja_vectors/dev", name)
    return "".join(digest(render(v[template], v[context])) for v in json.load(open(path)))


def templates(data, out):
    rows = conversations()
    found = [(os.path.relpath(p, data), open(p).read()) for p in sorted(glob.glob(os.path.join(data, "chat_templates/*/*.jinja")))]
    listed = os.path.join(data, "jinja_vectors/dev/e2e_chat_templates.json")
    found += [(f"jinja_vectors/dev/e2e_chat_templates.json#{i}", v["chat_template"]) for i, v in enumerate(json.load(open(listed)))]
    hashes, raised = {}, 0
    for name, template in found:
        texts = [chat(template, row) for row in rows]
        raised += texts.count(None)
        hashes[name] = "".join(map(digest, texts))
    units = vectors(data, "unit_expressions.json", "template", "context")
    chats = vectors(data, "e2e_chat_templates.json", "chat_template", "data")
    with open(os.path.join(out, "templates.json"), "w") as f:
        f.write("{\"tokens\": " + json.dumps(TOKENS) + ",\n\"rows\": [\n" + ",\n".join(json.dumps(r, ensure_ascii=False) for r in rows))
        f.write(f"],\n\"units\": \"{units}\",\n\"chats\": \"{chats}\"")
        f.write(",\n\"hashes\": {\n" + ",\n".join(f"{json.dumps(k)}: \"{v}\"" for k, v in hashes.items()) + "}}\n")
    print(len(found), "templates,", len(rows), "conversations,", raised, "raise")


if __name__ == "__main__":
    if sys.argv[1] == "cases":
        cases(sys.argv[2])
    else:
        templates(sys.argv[2], sys.argv[3])
