"""Parquet files of every kind, by pyarrow, with the records they hold as JSON lines.

    python make_parquet.py --out tests/fixtures/parquet             the committed ones
    python make_parquet.py --out FOLDER --random 4000 --seed 1      random schemas, rows, encodings, codecs, page sizes

Each NAME.parquet has a NAME.jsonl beside it (NAME@VARIANT.parquet too): one record a line, as hone is to give it (dates and times by isoformat(), in UTC
where the column counts so; decimals as numbers; maps as objects; NaN and infinities as null). Files in the layouts that only
old writers made (two-level lists, repeated fields without a list, BIT_PACKED levels) are put together by hand and read back by
pyarrow for their records.
"""
import argparse
import datetime
import decimal
import json
import math
import os
import random
import struct
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

WORDS = ["", "a", "role", "user", "assistant", "content", "Grüße", "日本語のテキスト", "🙂🙂", "line\nbreak", "\"quoted\"", "tab\t", "nul\0byte",
         "a longer piece of text that shares its beginning", "a longer piece of text that shares its beginning and goes on", "x" * 300]


def key_text(v):
    return v if isinstance(v, str) else json.dumps(v)


def plain(v, t):
    """A value of pyarrow's to_pylist as JSON has it."""
    if v is None:
        return None
    if pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t):
        return [plain(x, t.value_type) for x in v]
    if pa.types.is_struct(t):
        return {f.name: plain(v[f.name], f.type) for f in t}
    if pa.types.is_map(t):
        return {key_text(plain(k, t.key_type)): plain(x, t.item_type) for k, x in (v.items() if isinstance(v, dict) else v)}
    if pa.types.is_dictionary(t):
        return plain(v, t.value_type)
    if isinstance(v, bytes):
        return v.decode("utf-8")
    if isinstance(v, uuid.UUID):
        return str(v)
    if isinstance(v, decimal.Decimal):
        return int(v) if t.scale == 0 else float(v)
    if isinstance(v, datetime.datetime):
        return (v.astimezone(datetime.timezone.utc) if v.tzinfo else v).isoformat()
    if isinstance(v, (datetime.date, datetime.time)):
        return v.isoformat()
    if isinstance(v, bool) or isinstance(v, int) or isinstance(v, str):
        return v
    v = float(v)
    return v if math.isfinite(v) else None


def write_rows(path, table):
    with open(path, "w", encoding="utf-8") as f:
        for row in table.to_pylist():
            record = {name: plain(row[name], table.schema.field(name).type) for name in table.schema.names}
            f.write(json.dumps(record, ensure_ascii=False) + "\n")


def write_both(out, name, table, **options):
    path = os.path.join(out, name + ".parquet")
    pq.write_table(table, path, **options)
    back = pq.read_table(path)
    if back.num_rows != table.num_rows:
        raise ValueError("pyarrow reads another number of rows than it wrote")
    write_rows(os.path.join(out, name.split("@")[0] + ".jsonl"), back)


# ---- random tables

def leaf_types(rng):
    return rng.choice([
        pa.string(), pa.string(), pa.string(), pa.large_string(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.int64(),
        pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.float64(), pa.binary(),
        pa.date32(), pa.time32("ms"), pa.time64("us"), pa.time64("ns"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns"),
        pa.timestamp("us", "UTC"), pa.timestamp("ms", "Europe/Berlin"), pa.decimal128(rng.randint(1, 9), 0), pa.decimal128(12, 3),
        pa.decimal128(30, 10), pa.decimal256(50, 4), pa.binary(5), pa.null()])


def random_type(rng, depth):
    kind = rng.random()
    if depth >= 4 or kind < 0.55:
        return leaf_types(rng)
    if kind < 0.75:
        return pa.list_(random_field(rng, "item", depth + 1))
    if kind < 0.95:
        return pa.struct([random_field(rng, f"f{i}", depth + 1) for i in range(rng.randint(1, 3))])
    key = rng.choice([pa.string(), pa.int32()])
    return pa.map_(key, random_type(rng, depth + 1))


def random_field(rng, name, depth):
    t = random_type(rng, depth)
    return pa.field(name, t, nullable=pa.types.is_null(t) or rng.random() < 0.7)


def random_leaf(rng, t):
    few = rng.random() < 0.5
    if pa.types.is_string(t) or pa.types.is_large_string(t):
        return rng.choice(WORDS[:6] if few else WORDS)
    if pa.types.is_fixed_size_binary(t):
        return bytes(rng.choice(b"abcdef") for _ in range(t.byte_width))
    if pa.types.is_binary(t):
        return rng.choice(WORDS).encode()
    if pa.types.is_boolean(t):
        return rng.random() < 0.5
    if pa.types.is_integer(t):
        bits, signed = t.bit_width, pa.types.is_signed_integer(t)
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
        return rng.choice([low, high, 0, 1]) if rng.random() < 0.1 else rng.randint(max(low, -5), min(high, 100)) if few else rng.randint(low, high)
    if pa.types.is_floating(t):
        if rng.random() < 0.02:
            return rng.choice([float("nan"), float("inf"), -float("inf")])
        v = rng.choice([0.0, -0.0, 0.5, 1.0, rng.uniform(-1000, 1000)])
        return struct.unpack("<e", struct.pack("<e", v))[0] if t == pa.float16() else v
    if pa.types.is_date(t):
        return datetime.date(1970, 1, 1) + datetime.timedelta(days=rng.randint(-200000, 200000))
    if pa.types.is_time(t):
        micros = rng.choice([0, 1, 86399999999, rng.randrange(86400 * 10**6)])
        if t == pa.time32("ms"):
            micros -= micros % 1000
        return (datetime.datetime.min + datetime.timedelta(microseconds=micros)).time()
    if pa.types.is_timestamp(t):
        scale = {"ms": 10**3, "us": 10**6, "ns": 10**9}[t.unit]
        return rng.choice([0, -1, 1, rng.randint(-9 * 10**9, 9 * 10**9)]) * scale + (rng.randrange(scale) if rng.random() < 0.5 else 0)
    if pa.types.is_decimal(t):
        digits = rng.randint(1, t.precision)
        return decimal.Decimal(rng.choice([-1, 1]) * rng.randrange(10**digits)).scaleb(-t.scale, decimal.Context(prec=80))
    return None


def random_value(rng, t, nullable, nulls):
    if pa.types.is_null(t) or (nullable and rng.random() < nulls):
        return None
    if pa.types.is_list(t):
        n = rng.choice([0, 1, 1, 2, 3, 9])
        return [random_value(rng, t.value_type, t.value_field.nullable, nulls) for _ in range(n)]
    if pa.types.is_struct(t):
        return {f.name: random_value(rng, f.type, f.nullable, nulls) for f in t}
    if pa.types.is_map(t):
        keys = rng.sample(["k1", "k2", "clé", ""] if t.key_type == pa.string() else [1, -2, 3, 400], rng.randint(0, 3))
        return [(k, random_value(rng, t.item_type, True, nulls)) for k in keys]
    return random_leaf(rng, t)


def leaf_encodings(rng, t, path, out):
    """An encoding that goes with each leaf, by its dotted path."""
    if pa.types.is_list(t):
        leaf_encodings(rng, t.value_type, path + ".list.element", out)
    elif pa.types.is_struct(t):
        for f in t:
            leaf_encodings(rng, f.type, path + "." + f.name, out)
    elif pa.types.is_map(t):
        leaf_encodings(rng, t.key_type, path + ".key_value.key", out)
        leaf_encodings(rng, t.item_type, path + ".key_value.value", out)
    else:
        choices = ["PLAIN"]
        if pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_binary(t):
            choices += ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
        elif pa.types.is_fixed_size_binary(t) or pa.types.is_decimal(t) and t.precision > 18:
            choices += ["DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"]
        elif pa.types.is_boolean(t):
            choices += ["RLE"]
        elif pa.types.is_floating(t):
            choices += ["BYTE_STREAM_SPLIT"]
        elif pa.types.is_integer(t) or pa.types.is_temporal(t) or pa.types.is_decimal(t):
            choices += ["DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
        if not pa.types.is_null(t) and not pa.types.is_decimal(t):
            out[path] = rng.choice(choices)


def random_table(rng):
    fields = [random_field(rng, f"c{i}", 0) for i in range(rng.randint(1, 5))]
    rows, nulls = rng.choice([0, 1, 2, 7, 40, 200]), rng.choice([0, 0.1, 0.5, 1.0])
    columns = []
    for f in fields:
        values = [random_value(rng, f.type, f.nullable, nulls) for _ in range(rows)]
        columns.append(pa.array(values, type=f.type))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def random_options(rng, schema):
    o = {"compression": rng.choice(["NONE", "snappy", "gzip", "zstd"]), "data_page_version": rng.choice(["1.0", "2.0"]),
         "row_group_size": rng.choice([1, 3, 50, 1000]), "data_page_size": rng.choice([1, 100, 4000, 1 << 20]),
         "write_batch_size": rng.choice([1, 7, 1024]), "write_page_checksum": rng.random() < 0.3, "version": rng.choice(["1.0", "2.4", "2.6"]),
         "use_compliant_nested_type": True, "store_schema": rng.random() < 0.8, "dictionary_pagesize_limit": rng.choice([10, 1 << 20])}
    if rng.random() < 0.6:
        o["use_dictionary"] = False
        o["column_encoding"] = {}
        for f in schema:
            leaf_encodings(rng, f.type, f.name, o["column_encoding"])
    if rng.random() < 0.1:
        o["use_deprecated_int96_timestamps"] = True
    return o


def random_files(out, count, seed, rows=None):
    made = 0
    for i in range(count):
        rng = random.Random(f"{seed}-{i}")
        try:
            table = random_table(rng).slice(0, rows)
            write_both(out, f"r{seed}_{i:05d}", table, **random_options(rng, table.schema))
            made += 1
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, OverflowError, ValueError, NotImplementedError) as e:
            for ext in (".parquet", ".jsonl"): # pyarrow itself does not write or read such a file
                if os.path.exists(os.path.join(out, f"r{seed}_{i:05d}{ext}")):
                    os.remove(os.path.join(out, f"r{seed}_{i:05d}{ext}"))
            print("left out:", type(e).__name__, str(e)[:100])
    print(made, "random files")


# ---- files in old layouts, byte by byte

def varint(v):
    out = b""
    while v > 127:
        out += bytes([v & 127 | 128])
        v >>= 7
    return out + bytes([v])


def zigzag(v):
    return varint((v << 1) ^ (v >> 63))


class Struct:
    def __init__(self):
        self.b, self.last = b"", 0

    def head(self, field, kind):
        self.b += bytes([(field - self.last) << 4 | kind])
        self.last = field

    def i32(self, field, v):
        self.head(field, 5)
        self.b += zigzag(v)
        return self

    def i64(self, field, v):
        self.head(field, 6)
        self.b += zigzag(v)
        return self

    def text(self, field, s):
        self.head(field, 8)
        self.b += varint(len(s)) + s.encode()
        return self

    def struct(self, field, s):
        self.head(field, 12)
        self.b += s.done()
        return self

    def list(self, field, kind, items):
        self.head(field, 9)
        self.b += (bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + varint(len(items))) + b"".join(items)
        return self

    def done(self):
        return self.b + b"\0"


def element(name, kind=None, repetition=None, children=None, converted=None):
    s = Struct()
    if kind is not None:
        s.i32(1, kind)
    if repetition is not None:
        s.i32(3, repetition)
    s.text(4, name)
    if children is not None:
        s.i32(5, children)
    if converted is not None:
        s.i32(6, converted)
    return s.done()


def bits(values, width, high_first):
    total = 0
    for i, v in enumerate(values):
        for k in range(width):
            place = i * width + k
            bit = v >> (width - 1 - k if high_first else k) & 1
            total |= bit << (place // 8 * 8 + (7 - place % 8 if high_first else place % 8))
    return total.to_bytes((len(values) * width + 7) // 8, "little")


def levels(values, most, old):
    if most == 0:
        return b""
    width = most.bit_length()
    if old:
        return bits(values, width, True)
    padded = values + [0] * (-len(values) % 8)
    body = varint(len(padded) // 8 << 1 | 1) + bits(padded, width, False)
    return struct.pack("<I", len(body)) + body


def by_hand(out, name, schema, columns, rows, old=False, lies=None):
    """columns: (type, reps, most rep, defs, most def, values) of every leaf; values: strings or int32.

    old: levels in the BIT_PACKED encoding, highest bit first as the format's specification has it; pyarrow takes them lowest
    bit first, so the records are those of the same file with levels in runs.
    """
    if old:
        by_hand(out, name, schema, columns, rows)
    say = lambda what, truth: (lies or {}).get(what, truth)
    body, chunks = b"PAR1", []
    for kind, reps, most_rep, defs, most_def, values in columns:
        data = b"".join(struct.pack("<I", len(v)) + v.encode() if isinstance(v, str) else struct.pack("<i", v) for v in values)
        page = levels(reps, most_rep, old) + levels(defs, most_def, old) + data
        head = Struct().i32(1, 0).i32(2, say("unpacked", len(page))).i32(3, say("packed", len(page)))
        head.struct(5, Struct().i32(1, say("page_values", len(defs))).i32(2, say("encoding", 0)).i32(3, 4 if old else 3).i32(4, 4 if old else 3))
        at = len(body)
        body += head.done() + page
        meta = Struct().i32(1, kind).list(2, 5, [zigzag(0)]).list(3, 8, [varint(1) + b"x"]).i32(4, say("codec", 0)).i64(5, say("values", len(defs)))
        meta.i64(6, len(body) - at).i64(7, say("bytes", len(body) - at)).i64(9, say("at", at))
        chunks.append(Struct().i64(2, at).struct(3, meta).done())
    group = Struct().list(1, 12, chunks * say("columns", 1)).i64(2, len(body)).i64(3, say("rows", rows)).done()
    footer = Struct().i32(1, 1).list(2, 12, schema).i64(3, say("total", say("rows", rows))).list(4, 12, [group]).text(6, "by hand").done()
    path = os.path.join(out, name + ".parquet")
    with open(path, "wb") as f:
        f.write(body + footer + struct.pack("<I", len(footer)) + b"PAR1")
    if not old and lies is None:
        write_rows(os.path.join(out, name + ".jsonl"), pq.read_table(path))


def old_files(out):
    lists = ([0, 1, 1, 0, 0, 0], 1, [2, 2, 2, 1, 0, 2], 2)
    reps, most_rep, defs, most_def = lists
    texts, numbers = ["a", "b", "c", "d"], [1, -2, 3, 4]
    # optional group tags (LIST) { repeated binary array (UTF8) }
    by_hand(out, "old_list_two_levels", [element("root", children=1), element("tags", repetition=1, children=1, converted=3),
                                         element("array", 6, 2, converted=0)], [(6, reps, most_rep, defs, most_def, texts)], 4)
    # optional group pairs (LIST) { repeated group array { required binary s (UTF8); required int32 n } }
    by_hand(out, "old_list_of_groups", [element("root", children=1), element("pairs", repetition=1, children=1, converted=3),
                                        element("array", None, 2, 2), element("s", 6, 0, converted=0), element("n", 1, 0)],
            [(6, reps, most_rep, defs, most_def, texts), (1, reps, most_rep, defs, most_def, numbers)], 4)
    # the same with one field: "array" and "_tuple" say that the group is the element
    by_hand(out, "old_list_tuple", [element("root", children=1), element("pairs", repetition=1, children=1, converted=3),
                                    element("pairs_tuple", None, 2, 1), element("s", 6, 0, converted=0)],
            [(6, reps, most_rep, defs, most_def, texts)], 4)
    # repeated binary words (UTF8); repeated group steps { optional int32 n }
    by_hand(out, "old_repeated", [element("root", children=2), element("words", 6, 2, converted=0), element("steps", None, 2, 1),
                                  element("n", 1, 1)],
            [(6, [0, 1, 1, 0, 0], 1, [1, 1, 1, 0, 1], 1, texts), (1, [0, 0, 1, 0], 1, [2, 1, 2, 0], 2, [7, 8])], 3)
    # levels in the BIT_PACKED encoding
    by_hand(out, "old_bit_packed", [element("root", children=2), element("tags", repetition=1, children=1, converted=3),
                                    element("array", 6, 2, converted=0), element("n", 1, 1)],
            [(6, reps, most_rep, defs, most_def, texts), (1, [0] * 4, 0, [1, 0, 0, 1], 1, [5, 6])], 4, old=True)


def bad_files(out):
    """One flaw each; the tests know what is to be said about it."""
    os.makedirs(out, exist_ok=True)
    schema = [element("root", children=2), element("tags", repetition=1, children=1, converted=3), element("array", 6, 2, converted=0),
              element("n", 1, 1)]
    columns = [(6, [0, 1, 1, 0, 0, 0], 1, [2, 2, 2, 1, 0, 2], 2, ["a", "b", "c", "d"]), (1, [0] * 4, 0, [1, 0, 0, 1], 1, [5, 6])]
    most = (1 << 31) - 1
    flaws = {"rows": {"rows": 1 << 50, "values": 1 << 50}, "rows_fewer": {"rows": 3}, "rows_total": {"total": 5}, "rows_minus": {"rows": -4},
             "page_size": {"unpacked": most, "codec": 6}, "page_packed": {"packed": most}, "page_values": {"page_values": most},
             "page_values_more": {"page_values": most, "values": most}, "values_more": {"values": 1000}, "codec_lz4": {"codec": 5},
             "codec_unknown": {"codec": 99}, "codec_wrong": {"codec": 1}, "encoding": {"encoding": 7}, "encoding_unknown": {"encoding": 77},
             "encoding_dictionary": {"encoding": 8}, "outside": {"at": 1 << 40}, "bytes": {"bytes": 1 << 40}, "columns": {"columns": 2}}
    for name, lies in flaws.items():
        by_hand(out, name, schema, columns, 4, lies=lies)
    group = [element("root", children=1), element("p", None, 2, 2), element("s", 6, 0, converted=0), element("n", 1, 0)]
    by_hand(out, "disagree", group, [(6, [0, 1, 0], 1, [1, 1, 1], 1, ["a", "b", "c"]), (1, [0, 0, 1], 1, [1, 1, 1], 1, [1, 2, 3])], 2, lies={})
    deep = [element("root", children=1)] + [element(f"g{i}", None, 0, 1) for i in range(200)] + [element("s", 6, 0)]
    by_hand(out, "deep", deep, [(6, [0], 0, [0], 0, ["a"])], 1, lies={})
    by_hand(out, "schema_children", [element("root", children=1 << 30), element("s", 6, 0)], [(6, [0], 0, [0], 0, ["a"])], 1, lies={})
    with open(os.path.join(out, "rows.parquet"), "rb") as f:
        whole = f.read()
    for name, content in {"short": whole[:-6], "only_magic": b"PAR1PAR1", "footer_length": whole[:-8] + b"\xff\xff\xff\x7fPAR1", "encrypted": whole[:-4] + b"PARE",
                          "not_parquet": b"PK\3\4" + whole[4:]}.items():
        with open(os.path.join(out, name + ".parquet"), "wb") as f:
            f.write(content)
    pq.write_table(pa.table({"image": [b"\x89PNG", None, b"text"], "text": ["a", "b", "c"]}), os.path.join(out, "binary.parquet"))
    pq.write_table(pa.table({"a": ["a"] * 3}), os.path.join(out, "brotli.parquet"), compression="brotli")


# ---- the committed files

def chat_table(rows):
    rng = random.Random(3)
    call = pa.struct([("name", pa.string()), ("arguments", pa.string())])
    message = pa.struct([("role", pa.string()), ("content", pa.string()), ("tool_calls", pa.list_(pa.struct([("type", pa.string()), ("function", call)])))])
    values = []
    for _ in range(rows):
        messages = [{"role": rng.choice(["user", "assistant", "system"]), "content": rng.choice(WORDS + [None]),
                     "tool_calls": rng.choice([None, None, [], [{"type": "function", "function": {"name": "f", "arguments": "{}"}}, None]])}
                    for _ in range(rng.randint(0, 5))]
        values.append(rng.choice([messages, messages, messages, None]))
    return pa.table({"messages": pa.array(values, pa.list_(message)), "source": pa.array([rng.choice(WORDS[:5]) for _ in range(rows)]),
                     "score": pa.array([rng.choice([None, rng.random()]) for _ in range(rows)])})


def committed(out):
    chat = chat_table(30)
    for codec in ("NONE", "snappy", "gzip", "zstd"):
        for version in ("1.0", "2.0"):
            write_both(out, f"chat@{codec.lower()}_v{version[0]}", chat, compression=codec, data_page_version=version, row_group_size=12,
                       data_page_size=300, write_page_checksum=version == "2.0")
    rng, kinds = random.Random(9), {}
    types = {"text": pa.string(), "bytes": pa.binary(), "fixed": pa.binary(5), "flag": pa.bool_(), "small": pa.int8(), "int32": pa.int32(),
             "int64": pa.int64(), "uint32": pa.uint32(), "uint64": pa.uint64(), "half": pa.float16(), "float": pa.float32(),
             "double": pa.float64(), "day": pa.date32(), "ms": pa.time32("ms"), "us": pa.time64("us"), "at_ms": pa.timestamp("ms"),
             "at_us": pa.timestamp("us", "UTC"), "at_ns": pa.timestamp("ns"), "whole": pa.decimal128(9, 0), "money": pa.decimal128(12, 3),
             "large": pa.decimal128(30, 10), "void": pa.null()}
    for name, t in types.items():
        kinds[name] = pa.array([None if rng.random() < 0.2 else random_leaf(rng, t) for _ in range(50)], type=t)
    table = pa.table(kinds)
    write_both(out, "types@dictionary", table, compression="zstd")
    write_both(out, "types_int96", table.select(["at_ms", "at_us", "at_ns"]), use_deprecated_int96_timestamps=True)
    for i, version in enumerate(("1.0", "2.0", "1.0")):
        encodings = {}
        pick = random.Random(i)
        for f in table.schema:
            leaf_encodings(pick, f.type, f.name, encodings)
        write_both(out, f"types@encodings_{i}", table, compression="zstd", use_dictionary=False, column_encoding=encodings,
                   data_page_version=version, data_page_size=200, write_batch_size=16)
    ids = pa.table({"ids": pa.array([[random.Random(k).randint(-2**60, 2**60) + k * j for j in range(k)] for k in range(40)]), "k": pa.array(range(40))})
    write_both(out, "delta_lists", ids, use_dictionary=False, column_encoding={"ids.list.element": "DELTA_BINARY_PACKED", "k": "DELTA_BINARY_PACKED"})
    write_both(out, "map", pa.table({"m": pa.array([[("a", 1), ("b", None)], [], None, [("", 3)]], pa.map_(pa.string(), pa.int64()))}))
    write_both(out, "empty", chat.slice(0, 0))
    write_both(out, "all_null", pa.table({"a": pa.array([None] * 50, pa.string()), "b": pa.array([None] * 50, pa.list_(pa.int32()))}))
    dictionary = pa.table({"label": pa.array(["pos", "neg", None, "pos"]).dictionary_encode()})
    write_both(out, "categories", dictionary)
    random_files(out, 14, "n", 12)
    old_files(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    if args.random:
        random_files(args.out, args.random, args.seed)
    else:
        committed(args.out)
        bad_files(os.path.join(args.out, "bad"))


if __name__ == "__main__":
    main()
