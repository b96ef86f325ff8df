"""Renders the requests that it reads from stdin with Jinja and with mistral-common, as vLLM does; answers on stdout.

In: {"tekken": where to write, "requests": [{"template": text or null, "mistral": version or null, "messages", "tools", "opens"}]}
Out: a list of {"text"} or {"error"}, in the same order.
"""

import datetime
import json
import pathlib
import sys

import jinja2.ext
import jinja2.sandbox
import mistral_common
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.validator import ValidationMode
from mistral_common.tokens.tokenizers.base import SpecialTokens
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
from mistral_common.tokens.tokenizers.tekken import Tekkenizer


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


class Generation(jinja2.ext.Extension):
    """transformers' own tag around what the model writes; it changes nothing of the text."""

    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys, default=list
    )


# As transformers makes it, but for append() on lists, which llama.cpp's own templates use.
environment = jinja2.sandbox.SandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols, Generation]
)
environment.filters["tojson"] = to_json
environment.globals["raise_exception"] = refuse
environment.globals["strftime_now"] = lambda form: datetime.datetime(2026, 1, 1).strftime(form)
compiled = {}


def by_jinja(request):
    text = request["template"]
    template = compiled.setdefault(text, None) or environment.from_string(text)
    compiled[text] = template
    return template.render(
        messages=request["messages"],
        tools=request["tools"],
        add_generation_prompt=request["opens"],
        bos_token="<s>",
        eos_token="</s>",
        datetime="Jan 01 2026",
        functions=json.dumps(request["tools"] or []),
    )


def tokenizer_of(version, folder):
    """The vocabulary of a newer model comes with the model; one that the package has, with the newer marks, does as well."""
    path = pathlib.Path(folder) / f"tekken-{version}.json"
    if not path.exists():
        data = pathlib.Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
        tekken = json.loads(data.read_text())
        tekken["config"]["version"] = version
        if version != "v3":
            known = [dict(token) for token in Tekkenizer.DEPRECATED_SPECIAL_TOKENS]
            have = {str(token["token_str"]) for token in known}
            more = [str(token.value) for token in SpecialTokens if str(token.value) not in have]
            known += [{"rank": len(known) + at, "token_str": text, "is_control": True} for at, text in enumerate(more)]
            tekken["special_tokens"] = known
            tekken.pop("multimodal", None)
        path.write_text(json.dumps(tekken))
    return MistralTokenizer.from_file(str(path), mode=ValidationMode.test)


def by_mistral(request, tokenizers, folder):
    version = request["mistral"]
    if version not in tokenizers:
        tokenizers[version] = tokenizer_of(version, folder)
    messages = [
        message
        if not message.get("tool_calls")
        else {
            **message,
            "tool_calls": [
                {**call, "function": {**call["function"], "arguments": json.dumps(call["function"]["arguments"])}}
                for call in message["tool_calls"]
            ],
        }
        for message in request["messages"]
    ]
    asked = ChatCompletionRequest.from_openai(messages=messages, tools=request["tools"])
    return tokenizers[version].encode_chat_completion(asked).text


def main():
    given = json.load(sys.stdin)
    tokenizers = {}
    answers = []
    for request in given["requests"]:
        try:
            text = by_jinja(request) if request["template"] else by_mistral(request, tokenizers, given["tekken"])
            answers.append({"text": text})
        except Exception as error:  # whatever it is, it is the answer
            answers.append({"error": f"{type(error).__name__}: {error}"})
    json.dump(answers, sys.stdout)


main()
