/* rooms: text base */
/* test_jinja.c - the template language against Python's Jinja2 (tools/golden/make_jinja.py), the bounds of a hostile template, and
 * failing memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text/jinja/jinja_ast_impl.h"

static hn_status render(const char *p, size_t n, const hn_json *context, hn_rendered *out, hn_error *err) {
    hn_jtemplate *t;
    hn_status st = hn_jtemplate_new((hn_str){p, n}, "t", &t, err);
    if (st != HN_OK) return st;
    hn_jrun r;
    hn_json_iter it;
    if (!hn_jrun_init(&r, t, true)) st = HN_ENOMEM;
    for (bool more = hn_json_first(context, &it); st == HN_OK && more; more = hn_json_next(&it)) hn_jrun_set(&r, it.key, hn_j_from_json(it.value));
    if (st == HN_OK) st = hn_jrun_render(&r, out, err);
    hn_jrun_release(&r);
    hn_jtemplate_free(t);
    return st;
}

/* One line of the cases: 1 if it differs from the reference. */
static int differs(const hn_json *one, const hn_json *context, hn_rendered *out) {
    hn_str template, want;
    hn_error err = {0};
    assert_true(hn_json_text(hn_json_get(one, "template"), &template));
    bool raises = !hn_json_text(hn_json_get(one, "text"), &want);
    hn_status st = render(template.p, template.n, context, out, &err);
    assert_true(st == HN_OK || (st == HN_EFORMAT && err.msg[0]));
    bool same = raises ? st != HN_OK : st == HN_OK && out->text.n == want.n && memcmp(out->text.p, want.p, want.n) == 0;
    if (!same) print_error("%.*s\n  gives %s\n", (int)template.n, template.p, st == HN_OK ? out->text.p : err.msg);
    return !same;
}

static void test_cases(void **state) {
    (void)state;
    hn_buf text = {0};
    hn_json *context = NULL;
    hn_rendered out = {0};
    int compared = 0, off = 0, raised = 0;
    assert_int_equal(hn_file_read(FIXTURES "/text/jinja_cases.jsonl", &text, NULL), HN_OK);
    for (char *at = text.p, *stop; (stop = strchr(at, '\n')); at = stop + 1) {
        hn_json *j;
        assert_int_equal(hn_json_parse(at, (size_t)(stop - at), "cases", 1, &j, NULL), HN_OK);
        if (!context) {
            context = j;
            continue;
        }
        compared++;
        raised += !hn_json_get(j, "text");
        off += differs(j, context, &out);
        hn_json_free(j);
    }
    print_message("%d templates compared with the reference, %d raise, %d off\n", compared, raised, off);
    hn_json_free(context);
    hn_rendered_release(&out);
    hn_buf_release(&text);
    assert_int_equal(off, 0);
    assert_true(compared > 400 && raised > 200);
}

/* ---- spans */

static void expect_spans(const char *template, const char *want) {
    hn_rendered out = {0};
    hn_buf got = {0};
    hn_error err = {0};
    if (render(template, strlen(template), NULL, &out, &err) != HN_OK) fail_msg("%s: %s", template, err.msg);
    for (size_t i = 0; i < out.spans; i++) {
        hn_buf_puts(&got, "[");
        hn_buf_add(&got, out.text.p + out.span[i].begin, out.span[i].end - out.span[i].begin);
        hn_buf_puts(&got, "]");
    }
    assert_string_equal(got.p ? got.p : "", want);
    hn_buf_release(&got);
    hn_rendered_release(&out);
}

#define G(x) "{% generation %}" x "{% endgeneration %}"
static void test_spans(void **state) {
    (void)state;
    expect_spans("a" G("bc") "d" G("e"), "[bc][e]");
    expect_spans("a" G("b") G("c") "d", "[bc]");
    expect_spans("{% for x in [1, 2] %}<" G("{{ x }}") ">{% endfor %}", "[1][2]");
    expect_spans("{% macro m(x) %}head " G("{{ x }}!") " tail{% endmacro %}{{ m('a') }}|{{ m('é') }}", "[a!][é!]");
    expect_spans("{% set s %}x" G("gen") "y{% endset %}{{ s }}-{{ s }}", "[gen][gen]");
    expect_spans("{% macro m() %} " G(" g ") " {% endmacro %}[{{ m()|trim }}]", "[g]");
    expect_spans("{% macro m() %}" G("g") "{% endmacro %}{{ 'a' + m() + 'b' ~ m() }}", "[g][g]");
    expect_spans("{% macro m() %}" G("abcdef") "{% endmacro %}{{ m()[2:4] }}{{ m()|first }}", "[cda]");
    expect_spans("{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x" G("y") "z{% endcall %}", "[y]");
    expect_spans("{% macro a() %}" G("q") "{% endmacro %}{% macro b() %}<{{ a() }}>{% endmacro %}{{ b() }}{{ [b(), b()]|join(',') }}", "[q][q][q]");
    expect_spans("{% filter trim %}  " G("t") "  {% endfilter %}" G("") G("x" G("y") "z"), "[txyz]");
    expect_spans("{% set ns = namespace(s='') %}{% for x in range(3) %}{% set ns.s = ns.s + '<' %}{% set t %}" G("{{ x }}") "{% endset %}"
                 "{% set ns.s = ns.s + t %}{% endfor %}{{ ns.s }}", "[0][1][2]");
    expect_spans("no marks", "");
}

/* ---- bounds */

static void repeat(hn_buf *b, const char *what, int times) {
    for (int i = 0; i < times; i++) hn_buf_puts(b, what);
}

static void expect_refusal(hn_buf *template) {
    hn_rendered out = {0};
    hn_error err = {0};
    hn_mem_stats before, after;
    hn_mem_get(&before);
    clock_t start = clock(); /* of the processor: a busy machine is no fault of the template */
    if (render(template->p, template->n, NULL, &out, &err) != HN_EFORMAT) fail_msg("%.100s gives %.100s%s", template->p, out.text.p, err.msg);
    assert_true(err.msg[0] != '\0');
    assert_true(clock() - start < 60 * CLOCKS_PER_SEC); /* under sanitizers as well */
    hn_rendered_release(&out);
    hn_mem_get(&after);
    assert_int_equal(before.live, after.live);
    hn_buf_release(template);
}

static void test_bounds(void **state) {
    static const char *const hostile[] = {
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% block a %}{{ self.a() }}{% endblock %}",
        "{{ 'x' * 10000000000 }}",
        "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(5000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(5000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l == ns.l|list }}{{ ns.l|tojson }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(5000) %}{% set ns.l = ns.l|map('string') %}{% endfor %}{{ ns.l|list }}",
        "{{ 2 ** 10000000 }}", "{{ '%1000000000d' % 5 }}", "{{ '{:1000000000}'.format(5) }}", "{{ 'x'.center(10000000000) }}",
        "{% for a in range(100000) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' * 100 }}{% endfor %}",
        "{% for a in range(100000) %}{% for b in 'x' * 60000000 %}{% endfor %}{% endfor %}",
        "{% set s = 'ab' * 1000000 %}{% for a in range(100000) %}{{ s.replace('a', 'bb')|length }}{% endfor %}",
        "{% set s = 'a' * 4000000 %}{% for a in range(100000) %}{{ s.rfind('a' * 2000000 ~ 'b') }}{% endfor %}",
        "{{ range(100001) }}"};
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        hn_buf b = {0};
        hn_buf_puts(&b, hostile[i]);
        expect_refusal(&b);
    }
    static const char *const nests[][3] = {{"{{ ", "(", ""}, {"{{ ", "[", ""}, {"{{ ", "{1:", ""}, {"{{ ", "-", "1 }}"}, {"{{ ", "not ", "1 }}"},
                                           {"{{ a", "[0]", " }}"}, {"{{ a", "|upper", " }}"}, {"{{ 1", "+1", " }}"}, {"{{ ", "a(", ""},
                                           {"", "{% if x %}", ""}, {"", "{% for x in y %}", ""}, {"", "{% macro m() %}", ""},
                                           {"{{ 1", " if 1 else 1", " }}"}, {"{{ 1", " < 1", " }}"}, {"{{ 1", " and 1", " }}"}};
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        hn_buf b = {0};
        hn_buf_puts(&b, nests[i][0]);
        repeat(&b, nests[i][1], 10000);
        hn_buf_puts(&b, nests[i][2]);
        expect_refusal(&b);
    }
}

/* Every allocation may fail: an error, no leak. */
static void test_no_memory(void **state) {
    static const char template[] = "{% macro m(x) %}{% generation %}{{ x|upper }}{% endgeneration %}{% endmacro %}{% set d = {'a': [1, 2.5]} %}"
                                   "{{ d }}{{ d|tojson }}{% for k, v in d.items() %}{{ m(k) }}{{ v|join(',') }}{{ loop.last }}{% endfor %}{{ '%s' % 5 }}";
    hn_rendered out = {0};
    hn_mem_stats before, after;
    int failed = 0;
    (void)state;
    hn_mem_get(&before);
    for (int64_t n = 1;; n++) {
        hn_error err = {0};
        hn_mem_fail_after(n);
        hn_status st = render(template, sizeof template - 1, NULL, &out, &err);
        hn_mem_fail_after(-1);
        hn_rendered_release(&out);
        if (st == HN_OK) break;
        failed++;
        assert_true(st == HN_ENOMEM || st == HN_EFORMAT);
    }
    hn_mem_get(&after);
    assert_int_equal(before.live, after.live);
    assert_true(failed >= 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_spans), cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
