// generate.cpp - the same header from C++: load a model, stream an answer.
//
//     c++ generate.cpp $(pkg-config --cflags --libs hone) -o generate && ./generate ./model "Once upon a time"
#include <hone.h>

#include <cstdio>

static bool print_piece(const hone_piece *piece, void *) {
    std::fwrite(piece->text, 1, piece->len, stdout);
    if (piece->finish_reason) std::printf("\n(%s)\n", piece->finish_reason);
    return true;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s MODEL PROMPT\n", argv[0]);
        return 2;
    }
    hone_ctx *ctx = nullptr;
    hone_tokenizer *tokenizer = nullptr;
    hone_model *model = nullptr;
    hone_load_opts load = {};
    load.struct_size = sizeof load;
    load.read_only = true;
    hone_status st = hone_ctx_new(nullptr, &ctx);
    if (st == HONE_OK) st = hone_model_load(ctx, argv[1], &load, &model);
    if (st == HONE_OK) st = hone_tokenizer_load(ctx, argv[1], &tokenizer);
    hone_generate_opts opts = {};
    opts.struct_size = sizeof opts;
    opts.max_new_tokens = 64;
    if (st == HONE_OK) st = hone_generate(model, tokenizer, argv[2], &opts, print_piece, nullptr);
    if (st != HONE_OK) std::fprintf(stderr, "error: %s\n", hone_last_error(ctx));
    hone_tokenizer_free(tokenizer);
    hone_model_free(model);
    hone_ctx_free(ctx);
    return hone_exit_code(st);
}
