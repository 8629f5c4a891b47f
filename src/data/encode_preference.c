/* encode_preference.c - a prompt with a better and a worse answer, by the rules of TRL's DPOTrainer (_prepare_dataset).
 *
 * Both rows begin with the prompt as far as all three - the prompt alone, with the chosen and with the rejected answer - are the
 * same tokens; what follows is the answer. The rows as a whole are what RewardTrainer takes. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    hn_row *chosen = &out->row[0], *rejected = &out->row[1];
    out->n = 2;
    chosen->name = "chosen";
    rejected->name = "rejected";
    HN_TRY(hn_encode_whole(e, x, "prompt", "chosen", chosen, err));
    HN_TRY(hn_encode_whole(e, x, "prompt", "rejected", rejected, err));
    HN_TRY(hn_encode_head(e, x, "prompt", err));
    hn_row_split(e, chosen);
    hn_row_split(e, rejected);
    if (rejected->prompt < chosen->prompt) chosen->prompt = rejected->prompt;
    rejected->prompt = chosen->prompt;
    hn_row_mask(chosen, 0, chosen->prompt);
    hn_row_mask(rejected, 0, rejected->prompt);
    return HN_OK;
}

const hn_kind_encoder hn_encode_preference = {.kind = HN_KIND_PREFERENCE,
                                              .about = "a prompt, a better and a worse answer",
                                              .needs_tokenizer = true,
                                              .ends = true,
                                              .encode = encode};
