/* sft.c - fine-tune a model with a loop of your own.
 *
 *     cc sft.c $(pkg-config --cflags --libs hone) -o sft && ./sft ./model train.jsonl out 20            */
#include <hone.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(hone_ctx *ctx, hone_status st) {
    fprintf(stderr, "error: %s\n", hone_last_error(ctx));
    if (*hone_last_error_fix(ctx)) fprintf(stderr, "  fix: %s\n", hone_last_error_fix(ctx));
    return hone_exit_code(st);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: %s MODEL DATA OUTPUT STEPS\n", argv[0]);
        return 2;
    }
    hone_ctx *ctx = NULL;
    hone_config *config = NULL;
    hone_trainer *trainer = NULL;
    hone_status st = hone_ctx_new(NULL, &ctx);
    if (st == HONE_OK) st = hone_config_new(ctx, "sft", &config);
    const char *const settings[][2] = {{"model_name_or_path", argv[1]}, {"dataset_name", argv[2]}, {"output_dir", argv[3]},
                                       {"max_steps", argv[4]}, {"save_strategy", "no"}, {"overwrite_output_dir", "true"}};
    for (size_t i = 0; st == HONE_OK && i < sizeof settings / sizeof *settings; i++)
        st = hone_config_set(config, settings[i][0], settings[i][1]);
    if (st == HONE_OK) st = hone_trainer_open(config, &trainer);
    hone_metrics m = {.struct_size = sizeof m};
    while (st == HONE_OK) { /* HONE_DONE: that was the last step */
        st = hone_trainer_step(trainer, &m);
        if (st == HONE_OK || st == HONE_DONE)
            printf("step %lld of %lld: loss %.4f, learning rate %.3g\n", (long long)m.step, (long long)m.max_steps, m.loss,
                   m.learning_rate);
    }
    if (st == HONE_DONE) st = hone_trainer_finish(trainer, NULL);
    int status = st == HONE_OK ? 0 : failed(ctx, st);
    hone_trainer_free(trainer);
    hone_config_free(config);
    hone_ctx_free(ctx);
    return status;
}
