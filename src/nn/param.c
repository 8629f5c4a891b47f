/* param.c - which weights decay: transformers' rule on names (Trainer.get_decay_parameter_names). */
#include "nn/nn.h"

#include <ctype.h>
#include <string.h>

/* "norm" as a whole component of the name, or at the end of one behind '_': (^|\.)norm($|\.), _norm($|\.). */
static bool has_norm_component(const char *s) {
    for (const char *p = strstr(s, "norm"); p; p = strstr(p + 1, "norm")) {
        bool begins = p == s || p[-1] == '.' || p[-1] == '_';
        bool ends = p[4] == '\0' || p[4] == '.';
        if (begins && ends) return true;
    }
    return false;
}

bool hn_name_decays(const char *name) {
    char low[512];
    size_t n = strlen(name);
    if (n >= sizeof low) { /* the rule looks at components; the last ones tell */
        name += n - (sizeof low - 1);
        n = sizeof low - 1;
    }
    for (size_t i = 0; i <= n; i++) low[i] = (char)tolower((unsigned char)name[i]);
    return !strstr(low, "bias") && !strstr(low, "layernorm") && !strstr(low, "rmsnorm") && !has_norm_component(low);
}
