/* rooms: data text base */
/* test_data_kinds_of_files.c - files that hold their records in other ways than a line or an array element each: objects over
 * several lines, a list inside an object, words in columns, tables without a header, text by paragraph and whole. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "data_files.h"

/* Reads a file and compares its records, as JSON lines with their places in front, with what is expected. */
static void expect(const char *name, const char *text, hn_text_unit unit, const char *want) {
    hn_records *r;
    hn_error e = {0};
    hn_buf b = {0};
    if (hn_records_open(data_text(name, text), &r, &e) != HN_OK) fail_msg("%s", e.msg);
    hn_records_set_unit(r, unit);
    for (;;) {
        hn_json *record;
        int64_t line;
        hn_status st = hn_records_next(r, &record, &line, &e);
        if (st != HN_OK) {
            const char *after = strstr(e.msg, name);
            hn_buf_printf(&b, "! %s\n", after ? after : e.msg);
            assert_string_not_equal(e.fix, "");
            if (!hn_records_usable(r)) break;
            continue;
        }
        if (!record) break;
        hn_buf_printf(&b, "%lld ", (long long)line);
        hn_json_write(&b, record, 0);
        hn_buf_putc(&b, '\n');
        hn_json_free(record);
    }
    hn_records_close(r);
    if (strcmp(b.p ? b.p : "", want) != 0) fail_msg("%s gives\n%s  expected\n%s", name, b.p ? b.p : "", want);
    hn_buf_release(&b);
}

static void test_json(void **state) {
    (void)state;
    expect("table.json", "{\"version\": \"1.1\", \"note\": {\"data\": [{}], \"s\": \"}\\\"]\"},\n \"data\": [{\"a\": 1},\n  {\"a\": [2]}], \"more\": 1}", HN_TEXT_LINE,
           "1 {\"a\": 1}\n2 {\"a\": [2]}\n");
    expect("table.json", "{\"data\": [{\"a\": 1}, 7]}", HN_TEXT_LINE, "1 {\"a\": 1}\n! table.json:1: a record is an object, this is a number\n");
    expect("table.json", "{\"data\": [{\"a\": 1}, ", HN_TEXT_LINE, "1 {\"a\": 1}\n! table.json:1: the array is not closed\n");
    /* rows that have a list called data are rows */
    expect("rows.json", "{\"data\": [{\"a\": 1}]}\n{\"data\": [{\"a\": 2}]}\n", HN_TEXT_LINE, "1 {\"data\": [{\"a\": 1}]}\n2 {\"data\": [{\"a\": 2}]}\n");
    expect("rows.jsonl", "{\"data\": [{\"a\": 1}]}\n", HN_TEXT_LINE, "1 {\"data\": [{\"a\": 1}]}\n");
    expect("strings.json", "{\"data\": [\"a\", \"b\"]}\n", HN_TEXT_LINE, "1 {\"data\": [\"a\", \"b\"]}\n");
    expect("pretty.json", "{\n  \"a\": \"}\",\n  \"b\": {}\n}\n{\n  \"a\": 2\n}\n", HN_TEXT_LINE, "1 {\"a\": \"}\", \"b\": {}}\n2 {\"a\": 2}\n");
    expect("pretty.json", "{\n  \"a\": 1\n}\n[\n", HN_TEXT_LINE, "1 {\"a\": 1}\n! pretty.json:5:1: not JSON: the text ends in the middle of a value\n");
    expect("one.json", "{\"a\": 1}\n{\"a\": 2}\n", HN_TEXT_LINE, "1 {\"a\": 1}\n2 {\"a\": 2}\n");
}

static void test_columns(void **state) {
    (void)state;
    expect("train.conll", "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\nPeter NNP B-NP B-PER\r\n", HN_TEXT_LINE,
           "3 {\"tokens\": [\"EU\", \"rejects\"], \"ner_tags\": [\"B-ORG\", \"O\"], \"pos_tags\": [\"NNP\", \"VBZ\"], \"chunk_tags\": [\"B-NP\", \"B-VP\"]}\n"
           "7 {\"tokens\": [\"Peter\"], \"ner_tags\": [\"B-PER\"], \"pos_tags\": [\"NNP\"], \"chunk_tags\": [\"B-NP\"]}\n");
    expect("train.txt", "# id 1\n#tag\tO\nNew\tB-loc\nYork\tI-loc\n\t\nx\tO\n", HN_TEXT_LINE,
           "2 {\"tokens\": [\"#tag\", \"New\", \"York\"], \"ner_tags\": [\"O\", \"B-loc\", \"I-loc\"]}\n6 {\"tokens\": [\"x\"], \"ner_tags\": [\"O\"]}\n");
    expect("de.conll", "# n-tv.de vom 26.02.2005 [2005-02-26]\n1\tAm\tO\tO\n2\tNeckar\tB-LOC\tO\n", HN_TEXT_LINE,
           "2 {\"tokens\": [\"Am\", \"Neckar\"], \"ner_tags\": [\"O\", \"O\"]}\n");
    expect("de.conllu", "# text = Im Haus.\n1-2\tIm\t_\t_\t_\t_\t_\t_\t_\t_\n1\tIn\tin\tADP\t_\t_\t3\tcase\t_\t_\n2\tdem\tder\tDET\t_\t_\t3\tdet\t_\t_\n"
           "3\tHaus\tHaus\tNOUN\t_\t_\t0\troot\t_\t_\n", HN_TEXT_LINE,
           "2 {\"tokens\": [\"In\", \"dem\", \"Haus\"], \"upos\": [\"ADP\", \"DET\", \"NOUN\"]}\n");
    expect("bad.conll", "a O\nb O\nc X O\n\nd O\n", HN_TEXT_LINE, "! bad.conll:3: 3 columns, 2 are expected\n5 {\"tokens\": [\"d\"], \"ner_tags\": [\"O\"]}\n");
    expect("bad.conll", "a\n", HN_TEXT_LINE, "! bad.conll:1: 1 columns, 2 are expected\n");
    expect("prose.txt", "I am O\nNo\n", HN_TEXT_LINE, "1 {\"text\": \"I am O\"}\n2 {\"text\": \"No\"}\n");
}

/* What begins like another kind of file, or has a line or two of its form. */
static void test_innocent(void **state) {
    (void)state;
    expect("two.txt", "hello world\ngood morning\nred car\nblue sky\n", HN_TEXT_LINE,
           "1 {\"text\": \"hello world\"}\n2 {\"text\": \"good morning\"}\n3 {\"text\": \"red car\"}\n4 {\"text\": \"blue sky\"}\n");
    expect("mail.txt", "by E-mail\na U-turn\nthe B-side\n", HN_TEXT_LINE, "1 {\"text\": \"by E-mail\"}\n2 {\"text\": \"a U-turn\"}\n3 {\"text\": \"the B-side\"}\n");
    expect("ragged.txt", "by E-mail\na quick U-turn\n\nthe B-side\n", HN_TEXT_PARAGRAPH,
           "1 {\"text\": \"by E-mail\\na quick U-turn\"}\n4 {\"text\": \"the B-side\"}\n");
    expect("all-o.txt", "Stabilized O\napproach O\n\nnot O\n", HN_TEXT_LINE,
           "1 {\"tokens\": [\"Stabilized\", \"approach\"], \"ner_tags\": [\"O\", \"O\"]}\n4 {\"tokens\": [\"not\"], \"ner_tags\": [\"O\"]}\n");
    expect("app.log", "[2024-01-01] start\n", HN_TEXT_LINE, "1 {\"text\": \"[2024-01-01] start\"}\n");
    expect("template", "{{ name }}\n", HN_TEXT_LINE, "1 {\"text\": \"{{ name }}\"}\n");
    expect("block", "{\n  int a;\n}\n", HN_TEXT_DOCUMENT, "1 {\"text\": \"{\\n  int a;\\n}\"}\n");
    expect("rows", "[\n {\"a\": 1}]", HN_TEXT_LINE, "1 {\"a\": 1}\n");
    expect("marks", "PAR1 and PAR2\n", HN_TEXT_LINE, "1 {\"text\": \"PAR1 and PAR2\"}\n");
    expect("arrow.txt", "ARROWS fly\n", HN_TEXT_LINE, "1 {\"text\": \"ARROWS fly\"}\n");
    expect("lists.jsonl", "[1, 2]\n{\"a\": 1}\n", HN_TEXT_LINE, "! lists.jsonl:1: a record is an object, this is an array\n2 {\"a\": 1}\n");
    expect("bare.jsonl", "{a: 1}\n{\"a\": 1}\n", HN_TEXT_LINE, "! bare.jsonl:1:2: not JSON: unexpected character\n2 {\"a\": 1}\n");
    expect("task.json", "{\"instruction\": \"add\", \"instances\": [{\"input\": \"1\", \"output\": \"2\"}]}", HN_TEXT_LINE,
           "1 {\"instruction\": \"add\", \"instances\": [{\"input\": \"1\", \"output\": \"2\"}]}\n");
    expect("years.csv", "Country Name,2019\nPeru,32.8\n", HN_TEXT_LINE, "2 {\"Country Name\": \"Peru\", \"2019\": \"32.8\"}\n");
}

static void test_tables(void **state) {
    (void)state;
    expect("a.tsv", "a good film\t1\na bad one\t0\n", HN_TEXT_LINE, "1 {\"text\": \"a good film\", \"label\": \"1\"}\n2 {\"text\": \"a bad one\", \"label\": \"0\"}\n");
    expect("a.csv", "it rains,it is wet,0\nx,y,1\n", HN_TEXT_LINE,
           "1 {\"text\": \"it rains\", \"text_pair\": \"it is wet\", \"label\": \"0\"}\n2 {\"text\": \"x\", \"text_pair\": \"y\", \"label\": \"1\"}\n");
    expect("a.tsv", "sentence\t1\nx\t2\n", HN_TEXT_LINE, "2 {\"sentence\": \"x\", \"1\": \"2\"}\n");
}

static void test_text(void **state) {
    (void)state;
    const char *text = "\none\ntwo\r\n\n\nthree\n";
    expect("a.txt", text, HN_TEXT_LINE, "1 {\"text\": \"\"}\n2 {\"text\": \"one\"}\n3 {\"text\": \"two\"}\n4 {\"text\": \"\"}\n5 {\"text\": \"\"}\n6 {\"text\": \"three\"}\n");
    expect("a.txt", text, HN_TEXT_PARAGRAPH, "2 {\"text\": \"one\\ntwo\"}\n6 {\"text\": \"three\"}\n");
    expect("a.txt", text, HN_TEXT_DOCUMENT, "1 {\"text\": \"\\none\\ntwo\\n\\n\\nthree\"}\n");
    expect("b.txt", "\n\n", HN_TEXT_PARAGRAPH, "");
    expect("b.txt", "", HN_TEXT_DOCUMENT, "");
    expect("b.txt", "x\n\xFFy\n", HN_TEXT_DOCUMENT, "! b.txt:2: not UTF-8: byte 1 of the line is 0xFF\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_json), cmocka_unit_test(test_columns), cmocka_unit_test(test_innocent),
                                       cmocka_unit_test(test_tables), cmocka_unit_test(test_text)};
    return cmocka_run_group_tests(tests, data_dir_make, data_dir_drop);
}
