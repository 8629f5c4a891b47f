"""Writes what the tests of src/text compare with, by running the reference (the tokenizers package).

Usage: make_tokens.py small STORIES_TOKENIZER_JSON OUT_FOLDER     tests/fixtures/text: small tokenizers and their cases
       make_tokens.py families DATA_FOLDER OUT_FOLDER [NAME...]   hashes over the big families found under DATA_FOLDER

A case holds ids with and without special tokens, spans in bytes, and both decoded texts. For the families each chunk of
text has one hash over all of these (over ids and decoded text for SentencePiece and tiktoken).
"""
import base64
import gzip
import json
import os
import random
import struct
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K_LIKE = r"[\p{Han}]+|[\p{L}\p{M}&&[^\p{Han}]]+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
BLOCKS = [(0x20, 0x7E), (0xA0, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0x97F),
          (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2100, 0x214F), (0x2600, 0x27BF),
          (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFF00, 0xFFEF),
          (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF), (0x20000, 0x20400), (0x0, 0x1F), (0x7F, 0x9F), (0x11000, 0x11FFF),
          (0x1E000, 0x1EFFF)]
TEXTS = [
    "", " ", "a", "Once upon a time, there was a little girl.", "Hello world!  Two  spaces,\ttab\n\nlines \r\n end ",
    "I'm sure you're right; he'LL WE'VE it's DON'T 'ſ", "x = {'key': [1, 22, 333, 4444]}  # code\n    return x**2\n",
    "naïve café – “quotes” … ½ ﬁ Å ℂ Ⅷ", "e\u0301 o\u0308\u0323 a\u0323\u0302 \u0344 \u1100\u1161\u11a8 \u0958",
    "Привет, мир! Ёлка Ҕ", "שלום עולם مرحبا بالعالم ١٢٣", "नमस्ते दुनिया สวัสดีชาวโลก", "日本語のテキスト、中文文本。한국어 텍스트",
    "😀👩‍👩‍👧‍👦🇩🇪 👍🏽 ❤️", "\x00\x01\x07 \x7f\x85\xa0\u200b\u200d\u2028\u3000\ufeff\ufffd", "İstanbul ΑΣ ǅ ß ẞ",
    "<s> text </s><unk> <|x|>y [MASK]  Hello the  WORLD", "<0x41><0xE4>▁under ▁▁ _ __", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "wordwithoutanyblankthatgoesonandonandonandonuntilitislongerthanalimit" * 2, "  \n \n\n  \t x", "a\n\n\nb   c",
    "1234567 3.14159 ٣٤ Ⅳ ¾ ²", "\U00031350\U0002ebf0\U0001e5d0\u0899 \u0eba\U00011938 \U00011935\U00011930", "￿\U0010ffff\ue000",
    "ends in a part of\U0001f600", "tokenization", "The the THE Hello, Helloing in in ing",
]


def scripts(count, seed):
    rng = random.Random(seed)
    out = []
    while sum(map(len, out)) < count:
        low, high = rng.choice(BLOCKS)
        out.append("".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 10))))
        out.append(rng.choice(["", " ", "  ", "\n", "\r\n", "\t", " the quick", "\u3000", "\u00a0", "\u2581", "ing"]))
    return "".join(out)


def charsmap(pairs):
    """SentencePiece's precompiled form: a double array over the keys, then the texts."""
    texts, root = bytearray(), {}
    for key, text in pairs:
        node = root
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[None] = len(texts)
        texts += text.encode() + b"\0"
    units, used = {0: 0}, {0}

    def place(node, at):
        base = 1
        while any((base ^ (byte or 0)) in used for byte in node) or (base ^ at) >= 1 << 21:
            base += 1
        offset = base ^ at
        units[at] |= offset << 10 | (1 << 8 if None in node else 0)
        for byte in node:
            used.add(base ^ (byte or 0))
        for byte, child in node.items():
            if byte is None:
                units[base] = child | 1 << 31
            else:
                units[base ^ byte] = byte
        for byte, child in node.items():
            if byte is not None:
                place(child, base ^ byte)

    place(root, 0)
    array = [units.get(i, 0) for i in range((max(units) | 0xFF) + 1)]
    return struct.pack("<I", 4 * len(array)) + struct.pack(f"<{len(array)}I", *array) + bytes(texts)


def trained(tokenizer, trainer, corpus):
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def byte_level(pattern, normalizer, corpus, ignore_merges):
    t = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=True, add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=640, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    t = trained(t, trainer, corpus)
    t.add_special_tokens(["<s>", "</s>", "<|x|>"])
    return t


def small_tokenizers(corpus):
    special = ["<unk>", "<s>", "</s>", "[UNK]"]
    out = {"llama3_like": byte_level(LLAMA3, None, corpus, True), "qwen_like": byte_level(QWEN, normalizers.NFC(), corpus, False),
           "class_sets": byte_level(O200K_LIKE, normalizers.NFKD(), corpus, False)}
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=30))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 1))
    trainer = trainers.WordPieceTrainer(vocab_size=500, special_tokens=special, limit_alphabet=160, show_progress=False)
    t = trained(t, trainer, corpus)
    t.add_tokens([AddedToken("Hello", single_word=True), AddedToken("the", single_word=True, lstrip=True, normalized=False),
                  AddedToken("WORLD", lstrip=True, rstrip=True), AddedToken("in", normalized=False),
                  AddedToken("ing", normalized=False, rstrip=True)])
    t.add_special_tokens([AddedToken("<|x|>", lstrip=True, rstrip=True), AddedToken("<|x|>y")])
    out["bert_like"] = t
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("merged_with_previous"),
                                               pre_tokenizers.Digits(True)])
    t.decoder = decoders.BPEDecoder("</w>")
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, end_of_word_suffix="</w>", limit_alphabet=120, show_progress=False)
    out["suffix_bpe"] = trained(t, trainer, corpus)
    pieces = [p for p in out["suffix_bpe"].get_vocab() if p not in special]
    rng = random.Random(5)
    scored = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), ("▁", -2.0), ("-", -3.1), ("---", -9.3)]
    scored += [(p.replace("</w>", "") or "w", -rng.choice([1.7, 2.1, 2.5, 3.25])) for p in sorted(pieces)]
    scored += [(f"<0x{b:02X}>", -30.0) for b in range(256)]
    t = Tokenizer(models.Unigram(scored, 0, True))
    t.normalizer = normalizers.Precompiled(charsmap([("\r\n", " "), ("\n", " "), ("½", "1⁄2"), ("ﬁ", "fi"), ("Å", "Å"), ("\x01", ""), ("…", "...")]))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    t.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    out["unigram_like"] = t
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.Replace(Regex(r"\s{2,}|[\n\r\t]"), " ")])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.UnicodeScripts(), pre_tokenizers.CharDelimiterSplit(" "),
                                               pre_tokenizers.FixedLength(4)])
    t.decoder = decoders.CTC()
    trainer = trainers.WordLevelTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    out["wordlevel"] = trained(t, trainer, corpus)
    return out


def byte_places(text):
    places = [0]
    for c in text:
        places.append(places[-1] + len(c.encode()))
    return places


def case(t, text):
    framed = t.encode(text)
    places = byte_places(text)
    return {"ids": t.encode(text, add_special_tokens=False).ids, "framed": framed.ids,
            "spans": [places[x] for pair in framed.offsets for x in pair],
            "text": t.decode(framed.ids, skip_special_tokens=False), "plain": t.decode(framed.ids, skip_special_tokens=True)}


PROSE = [
    "敏捷的棕色狐狸跳过了懒狗。天地玄黃，宇宙洪荒。日月盈昃，辰宿列張。", "いろはにほへと ちりぬるを わかよたれそ つねならむ。吾輩は猫である。名前はまだ無い。",
    "키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다.", "أبجد هوز حطي كلمن سعفص قرشت ثخذ ضظغ. الكلاب السريعة تقفز فوق الثعلب الكسول.",
    "נקסי אביב צועק דג מפזר כס לחם.", "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน", "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.", "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία.", "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Zażółć gęślą jaźń. Heizölrückstoßabdämpfung. Flygande bäckasiner söka hwila på mjuka tuvor.", "Ngaûi ñaûi tieáng Vieät: trời ơi, đường phố Hà Nội!",
    "for (int i = 0; i < n; i++) { a[i] += b[i] * 0x7fULL; } /* done */", "SELECT \"name\", COUNT(*) FROM t WHERE x >= 3.14e-10 GROUP BY 1;",
    '{"key": [1, 2.5, null, true], "nested": {"a\\n": "\\u00e9"}}', "def f(x: int) -> str:\n\treturn f'{x!r:>10}'  # noqa\n",
    "👩‍👩‍👧‍👦👨🏽‍🚀🏳️‍🌈🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f🇩🇪🇯🇵👍🏿❤️‍🔥", "Z̷̢̛͎͓a̸̡͔̘l̶̨̛̗g̵͉̈́o̶͚͐ e\u0301e\u0301\u0323 n\u0303 ą́ ᾳ̈́",
    "\x01\x02\x1b[31mred\x1b[0m\x7f\x80\x9f \u200b\u200c\u200d\u2060\ufeff \u202eabc\u202c", "½ ⅓ ² ³ № ℡ ㎏ ﬁ ﬄ Ⅷ ① ㈱ ＡＢＣ ｱｲｳ ﷺ",
    "https://example.org/a/b?c=d&e=%20f#g", "1,234,567.89 +49 (0)30 12345 2024-12-31T23:59:59Z", "    indented\n\n\n\tby tab   \r\n  trailing   ", "\0nul\0",
]
BROKEN = [b"\xff\xfe", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80\xed\xb0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\x80\xbf", b"ok\xe9t\xe9"]


def mixed(count, seed):
    """Bytes of many languages, code, emoji, marks, control characters, very long words and broken UTF-8."""
    rng, out = random.Random(seed), bytearray()
    while len(out) < count:
        kind = rng.random()
        if kind < 0.75:
            out += rng.choice(PROSE).encode()
        elif kind < 0.85:
            out += rng.choice(BROKEN)
        elif kind < 0.88:
            out += (rng.choice(["a", "ab", "é", "中", "ก", "x1", "-", "=", "😀", "▁", "Ġ"]) * rng.randint(100, 1500)).encode()
        elif kind < 0.92:
            out += "".join(rng.choice("abcdefghijklmnopqrstuvwxyzABC0123456789") for _ in range(rng.randint(50, 3000))).encode()
        else:
            out += " ".join(rng.choice(PROSE).split(" ")[::-1]).encode()
        out += rng.choice([" ", "\n", "", "  ", "\n\n", "\t", "\u3000", "\u00a0"]).encode()
    return bytes(out)


def small(stories, folder):
    texts = TEXTS + [scripts(150, seed) for seed in range(6)]
    with open(stories) as f:
        known = Tokenizer.from_str(f.read())
    corpus = TEXTS[:-5] * 3 + [scripts(400, 100 + k) for k in range(3)]
    made = small_tokenizers(corpus)
    for name, t in made.items():
        t.save(os.path.join(folder, name + ".json"), pretty=False)
        made[name] = Tokenizer.from_file(os.path.join(folder, name + ".json"))
    made["stories"] = known
    for name, t in made.items():
        rows = {"texts": texts, "cases": [case(t, text) for text in texts]}
        with open(os.path.join(folder, name + ".cases"), "w") as f:
            json.dump(rows, f, ensure_ascii=False, separators=(",", ":"))
    with open(os.path.join(folder, "scripts.txt"), "w", newline="") as f:
        f.write(scripts(12000, 77))


def read(path, most):
    with open(path, "rb") as f:
        raw = f.read()
    return (gzip.decompress(raw) if path.endswith(".gz") else raw)[:most]


CHUNK, MOST = 1 << 14, 1 << 18


def sources(data):
    """Texts of many kinds, largest files first within a name's order, about 2 MB in all."""
    out, total = [], 0
    for root, folders, files in os.walk(data):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(root, name)
            if any(part in root for part in ("tokenizers_", "chat_templates", "jinja", "model_")) or name == "SOURCE.txt":
                continue
            if not name.split(".gz")[0].endswith((".txt", ".jsonl", ".json", ".csv", ".tsv", ".md", ".en")):
                continue
            most = MOST if any(big in path for big in ("shakespeare", "wikitext", "tinystories")) else 1 << 16
            out.append([os.path.relpath(path, data), len(read(path, most))])
            total += out[-1][1]
    return out, total


def chunk_hash(numbers, *texts):
    import xxhash

    body = struct.pack(f"<{len(numbers)}i", *numbers) + b"".join(t.encode() for t in texts)
    return xxhash.xxh3_128_hexdigest(body)[:16]


def json_hash(t, text):
    c = case(t, text)
    return chunk_hash(c["ids"] + c["framed"] + c["spans"], c["text"], c["plain"])


def references(data):
    """Name, and what makes the hash of a chunk: tokenizer.json by the tokenizers package, the others by their own."""
    import sentencepiece
    import tiktoken

    base = os.path.join(data, "tokenizers_hf")
    paths = [os.path.join(base, name, file) for name in sorted(os.listdir(base)) for file in ("tokenizer.json", "tokenizer.json.gz")]
    tune = os.path.join(data, "tokenizers_spm", "torchtune")
    paths += [os.path.join(tune, name) for name in ("tiny_bpe_tokenizer.json", "tokenizer_gemma_cropped.json")]
    for path in filter(os.path.exists, paths):
        t = Tokenizer.from_str(read(path, None).decode())
        t.no_truncation()
        t.no_padding()
        yield os.path.relpath(path, data), lambda text, t=t: json_hash(t, text)
    base = os.path.join(data, "tokenizers_spm")
    for name in sorted(os.listdir(base)):
        if name.endswith(".model"):
            sp = sentencepiece.SentencePieceProcessor(model_file=os.path.join(base, name))
            yield "tokenizers_spm/" + name, lambda text, sp=sp: chunk_hash(sp.encode(text), sp.decode(sp.encode(text)))
    with open(os.path.join(tune, "tiktoken_small.model"), "rb") as f:
        ranks = {base64.b64decode(line.split()[0]): int(line.split()[1]) for line in f if line.strip()}
    tk = tiktoken.Encoding("small", pat_str=LLAMA3, mergeable_ranks=ranks, special_tokens={})
    yield "tokenizers_spm/torchtune/tiktoken_small.model", lambda text: chunk_hash(tk.encode_ordinary(text), tk.decode(tk.encode_ordinary(text)))
    from transformers import GPT2Tokenizer

    with open(os.path.join(tune, "tiny_bpe_vocab.json")) as f:
        vocab = json.load(f)
    with open(os.path.join(tune, "tiny_bpe_merges.txt")) as f:
        merges = [tuple(line.split()) for line in f.read().split("\n") if line and not line.startswith("#version")]
    tiny = GPT2Tokenizer(vocab=vocab, merges=merges, unk_token=None, bos_token=None, eos_token=None).backend_tokenizer
    yield "tokenizers_spm/torchtune/tiny_bpe_vocab.json", lambda text: json_hash(tiny, text)


def families(data, folder, *names):
    files, total = sources(data)
    with open(os.path.join(folder, "mixed.txt"), "wb") as f:
        f.write(mixed(60000, 9))
    raw = [read(os.path.join(folder, name), None) for name in ("scripts.txt", "mixed.txt")]
    raw += [read(os.path.join(data, name), n) for name, n in files]
    chunks = [text[i:i + CHUNK].decode("utf-8", "replace") for text in raw for i in range(0, len(text), CHUNK)]
    out = {"chunk": CHUNK, "files": files, "pattern": LLAMA3, "families": {}}
    if names:
        with open(os.path.join(folder, "families.json")) as f:
            out["families"] = json.load(f)["families"]
    for name, hash_of in references(data):
        if names and name not in names:
            continue
        out["families"][name] = "".join(hash_of(text) for text in chunks)
        print(name, len(chunks), "chunks", sum(len(t.encode()) for t in chunks), "bytes", flush=True)
    with open(os.path.join(folder, "families.json"), "w") as f:
        json.dump(out, f, separators=(",", ":"))


if __name__ == "__main__":
    {"small": small, "families": families}[sys.argv[1]](*sys.argv[2:])
