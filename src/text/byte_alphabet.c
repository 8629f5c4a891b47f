/* byte_alphabet.c - GPT-2's printable characters for bytes.
 *
 * The bytes ! to ~, 0xA1 to 0xAC and 0xAE to 0xFF stand for themselves (as code points); the other 68, in order, are
 * U+0100 and up. */
#include "text/text_impl.h"

static bool prints(unsigned b) {
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
}

uint32_t hn_byte_char(unsigned char byte) {
    if (prints(byte)) return byte;
    if (byte <= 0x20) return 0x100u + byte;            /* 0x00-0x20 */
    if (byte <= 0xA0) return 0x100u + 33 + byte - 0x7Fu; /* 0x7F-0xA0 */
    return 0x100u + 67;                                /* 0xAD */
}

int hn_char_byte(uint32_t cp) {
    if (cp < 0x100) return prints(cp) ? (int)cp : -1;
    if (cp <= 0x120) return (int)(cp - 0x100);
    if (cp <= 0x142) return (int)(cp - 0x121 + 0x7F);
    return cp == 0x143 ? 0xAD : -1;
}

bool hn_alphabet_bytes(hn_str token, hn_buf *out) {
    for (size_t i = 0; i < token.n;) {
        int len, byte = hn_char_byte(hn_cp_at(token.p + i, &len));
        if (byte < 0) return false;
        hn_buf_putc(out, (char)byte);
        i += (size_t)len;
    }
    return true;
}
