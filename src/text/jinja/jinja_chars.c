/* jinja_chars.c - classes of characters and changes of case as Python's str methods have them. */
#include "text/jinja/jinja_char_table.h"
#include "text/jinja/jinja_text_impl.h"

#include <utf8proc.h>

static utf8proc_category_t category(uint32_t cp) { return utf8proc_category((utf8proc_int32_t)cp); }

static bool listed(const uint32_t table[][2], uint32_t cp) {
    for (size_t i = 0; table[i][1]; i++)
        if (cp >= table[i][0] && cp <= table[i][1]) return true;
    return false;
}

static const char *many(const hn_jcase *table, uint32_t cp) {
    for (size_t i = 0; table[i].cp; i++)
        if (table[i].cp == cp) return table[i].to;
    return NULL;
}

bool hn_py_alpha(uint32_t cp) {
    utf8proc_category_t c = category(cp);
    return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO;
}
bool hn_py_decimal(uint32_t cp) { return category(cp) == UTF8PROC_CATEGORY_ND; }
int hn_py_decimal_value(uint32_t cp) { /* decimal digits stand in whole sets, each from 0 to 9 */
    if (!hn_py_decimal(cp)) return -1;
    uint32_t first = cp;
    while (hn_py_decimal(first - 1)) first--;
    return (int)((cp - first) % 10);
}
bool hn_py_digit(uint32_t cp) { return hn_py_decimal(cp) || (cp >= 0x80 && listed(hn_jc_digit, cp)); }
bool hn_py_numeric(uint32_t cp) { return hn_py_digit(cp) || (cp >= 0x80 && listed(hn_jc_numeric, cp)); }
bool hn_py_lower(uint32_t cp) {
    if (cp < 0x80) return cp >= 'a' && cp <= 'z';
    return category(cp) == UTF8PROC_CATEGORY_LL || listed(hn_jc_lower, cp);
}
bool hn_py_upper(uint32_t cp) {
    if (cp < 0x80) return cp >= 'A' && cp <= 'Z';
    return category(cp) == UTF8PROC_CATEGORY_LU || listed(hn_jc_upper, cp);
}
bool hn_py_title(uint32_t cp) { return category(cp) == UTF8PROC_CATEGORY_LT; }
bool hn_py_cased(uint32_t cp) { return hn_py_lower(cp) || hn_py_upper(cp) || hn_py_title(cp); }

bool hn_py_printable(uint32_t cp) {
    if (cp < 0x80) return cp >= 0x20 && cp < 0x7F;
    switch (category(cp)) {
    case UTF8PROC_CATEGORY_CN: case UTF8PROC_CATEGORY_CC: case UTF8PROC_CATEGORY_CF: case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO: case UTF8PROC_CATEGORY_ZL: case UTF8PROC_CATEGORY_ZP: case UTF8PROC_CATEGORY_ZS: return false;
    default: return true;
    }
}

/* ---- case */

static bool case_ignorable(uint32_t cp) {
    if (cp == '\'' || cp == '.' || cp == ':' || cp == 0xB7 || cp == 0x387 || cp == 0x55F || cp == 0x5F4 || cp == 0x2018 ||
        cp == 0x2019 || cp == 0x2024 || cp == 0x2027 || cp == 0xFE13 || cp == 0xFE52 || cp == 0xFE55 || cp == 0xFF07 ||
        cp == 0xFF0E || cp == 0xFF1A)
        return true;
    switch (category(cp)) {
    case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_ME: case UTF8PROC_CATEGORY_CF: case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return true;
    default: return false;
    }
}

/* Is the capital sigma at at the last letter of a word? */
static bool final_sigma(hn_str s, size_t at) {
    const char *p = s.p + at;
    uint32_t cp;
    int len;
    do {
        if (p == s.p) return false;
        p = hn_cp_back(s.p, p);
        cp = hn_cp_at(p, &len);
    } while (case_ignorable(cp));
    if (!hn_py_cased(cp)) return false;
    for (p = s.p + at + 2; p < s.p + s.n; p += len) {
        cp = hn_cp_at(p, &len);
        if (!case_ignorable(cp)) return !hn_py_cased(cp);
    }
    return true;
}

static void put_lower(hn_buf *b, hn_str s, size_t at, uint32_t cp) {
    char c[4];
    if (cp == 0x130) hn_buf_puts(b, "i\xCC\x87");
    else if (cp == 0x3A3) hn_buf_puts(b, final_sigma(s, at) ? "\xCF\x82" : "\xCF\x83");
    else hn_buf_add(b, c, (size_t)hn_utf8_encode((uint32_t)utf8proc_tolower((utf8proc_int32_t)cp), c));
}

static void put_mapped(hn_buf *b, const hn_jcase *table, uint32_t cp, uint32_t one) {
    char c[4];
    const char *to = many(table, cp);
    if (to) hn_buf_puts(b, to);
    else hn_buf_add(b, c, (size_t)hn_utf8_encode(one, c));
}

static void put_upper(hn_buf *b, uint32_t cp) {
    put_mapped(b, hn_jc_upper_many, cp, cp == 0xDF ? cp : (uint32_t)utf8proc_toupper((utf8proc_int32_t)cp));
}
static void put_title(hn_buf *b, uint32_t cp) {
    put_mapped(b, hn_jc_title_many, cp, (uint32_t)utf8proc_totitle((utf8proc_int32_t)cp));
}

static void put_fold(hn_buf *b, uint32_t cp) {
    utf8proc_int32_t to[4];
    char c[4];
    int last = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, to, 4, UTF8PROC_CASEFOLD, &last);
    for (utf8proc_ssize_t i = 0; i < n; i++) hn_buf_add(b, c, (size_t)hn_utf8_encode((uint32_t)to[i], c));
}

static void put_ascii(hn_buf *b, char c, int how, bool first) {
    bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
    bool up = how == HN_CASE_UPPER || (how == HN_CASE_SWAP && lower) || (first && how >= HN_CASE_CAPITALIZE);
    if (up ? lower : upper) c = (char)(c ^ 0x20);
    hn_buf_putc(b, c);
}

bool hn_py_case(hn_jrun *r, hn_str s, int how, hn_jval *out) {
    hn_buf b = {0};
    bool first = true; /* of the text, or of a word where each word counts */
    for (size_t i = 0; i < s.n;) {
        int len;
        uint32_t cp = hn_cp_at(s.p + i, &len);
        if (cp < 0x80) put_ascii(&b, (char)cp, how, first);
        else if (how == HN_CASE_UPPER || (how == HN_CASE_SWAP && hn_py_lower(cp))) put_upper(&b, cp);
        else if (how == HN_CASE_FOLD) put_fold(&b, cp);
        else if (how == HN_CASE_SWAP && !hn_py_upper(cp)) hn_buf_add(&b, s.p + i, (size_t)len);
        else if (first && how >= HN_CASE_CAPITALIZE) put_title(&b, cp);
        else put_lower(&b, s, i, cp);
        first = how == HN_CASE_EACH_WORD && !hn_py_cased(cp);
        i += (size_t)len;
    }
    bool fine = b.failed ? hn_j_nomem(r) : hn_j_copy(r, b.p ? b.p : "", b.n, out) && hn_j_burn(r, s.n / 4);
    hn_buf_release(&b);
    return fine;
}
