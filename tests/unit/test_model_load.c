/* rooms: model nn grad data text dev io base */
/* test_model_load.c - configs of both transformers versions, what is refused and how, names, ties, decay groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/io.h"
#include "model_bench.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static hn_dev *dev;
static char dir[64];
static char warned[2048];

static void keep_log(hn_log_level level, const char *text, void *user) {
    (void)user;
    if (level == HN_LOG_WARN) snprintf(warned, sizeof warned, "%s", text);
}

static void write_text(const char *name, const char *text) {
    char path[256];
    hn_error err = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (hn_file_write(path, text, strlen(text), &err) != HN_OK) fail_msg("%s", err.msg);
}

/* The config of a fixture with one text replaced. */
static void edit_config(const char *model, const char *from, const char *to) {
    char path[256];
    hn_buf text = {0}, out = {0};
    hn_error err = {0};
    snprintf(path, sizeof path, FIXTURES "/models/%s/config.json", model);
    if (hn_file_read(path, &text, &err) != HN_OK) fail_msg("%s", err.msg);
    char *at = strstr(text.p, from);
    if (!at) fail_msg("%s: no '%s' in config.json", model, from);
    hn_buf_add(&out, text.p, (size_t)(at - text.p));
    hn_buf_puts(&out, to);
    hn_buf_puts(&out, at + strlen(from));
    write_text("config.json", out.p);
    hn_buf_release(&text);
    hn_buf_release(&out);
}

/* Weights of a fixture, each tensor passed through edit: false drops it. */
typedef bool edit_fn(hn_st_item *item);
static void edit_weights(const char *model, edit_fn *edit, const hn_st_item *extra) {
    char path[256];
    hn_st *s = NULL;
    hn_error err = {0};
    snprintf(path, sizeof path, FIXTURES "/models/%s", model);
    if (hn_st_open_dir(path, "model", &s, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_st_item items[256];
    size_t n = 0;
    for (size_t i = 0; i < hn_st_count(s); i++) {
        const hn_st_tensor *t = hn_st_at(s, i);
        items[n] = (hn_st_item){.name = t->name, .dtype = t->dtype, .rank = t->rank, .dim = t->dim, .data = t->data};
        if (!edit || edit(&items[n])) n++;
    }
    if (extra) items[n++] = *extra;
    if (hn_st_write_dir(dir, "model", items, n, 0, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_st_close(s);
}

static hn_model *load(void) {
    hn_error err = {0};
    hn_model *m = NULL;
    if (hn_model_load(dev, dir, NULL, &m, &err) != HN_OK) fail_msg("%s", err.msg);
    return m;
}

static void refused(hn_status code, const char *part, const char *detail) {
    hn_error err = {0};
    hn_model *m = NULL;
    hn_status st = hn_model_load(dev, dir, NULL, &m, &err);
    assert_null(m);
    if (st != code || !strstr(err.msg, part) || (detail && !strstr(err.detail, detail)))
        fail_msg("expected %s '%s' '%s', got %s '%s' '%s'", hn_status_name(code), part, detail ? detail : "", hn_status_name(st),
                 err.msg, err.detail);
}

static void test_bad_configs(void **state) {
    (void)state;
    static const struct {
        const char *model, *from, *to;
        hn_status code;
        const char *part, *detail;
    } cases[] = {
        {"llama", "\"model_type\": \"llama\"", "\"model_type\": \"mamba\"", HN_ENOTSUP, "model family 'mamba'",
         "llama, mistral, qwen2, qwen3, gpt2, gpt_neox"},
        {"llama", "\"model_type\": \"llama\",", "", HN_EFORMAT, "\"model_type\" is missing", NULL},
        {"llama", "LlamaForCausalLM", "LlamaForSequenceClassification", HN_ENOTSUP, "LlamaForSequenceClassification", "LlamaForCausalLM"},
        {"llama", "\"hidden_size\": 32,", "", HN_EFORMAT, "\"hidden_size\" is missing", "llama"},
        {"gpt2", "\"n_head\": 4,", "", HN_EFORMAT, "\"n_head\" is missing", "gpt2"},
        {"gpt_neox", "\"intermediate_size\": 44,", "", HN_EFORMAT, "\"intermediate_size\" is missing", NULL},
        {"llama", "\"hidden_size\": 32", "\"hidden_size\": \"32\"", HN_EFORMAT, "\"hidden_size\" must be a whole number", NULL},
        {"llama", "\"vocab_size\": 96", "\"vocab_size\": -96", HN_EFORMAT, "\"vocab_size\" must be a whole number", NULL},
        {"llama", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2000000000", HN_EFORMAT, "2000000000 layers", NULL},
        {"llama", "\"silu\"", "\"mish\"", HN_ENOTSUP, "activation 'mish'", "silu"},
        {"llama", "\"mlp_bias\": false", "\"mlp_bias\": 0", HN_EFORMAT, "\"mlp_bias\" must be true or false", NULL},
        {"llama", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", HN_ESHAPE, "no multiple", NULL},
        {"llama", "\"rope_type\": \"default\"", "\"rope_type\": \"dynamic\", \"factor\": 2.0", HN_ENOTSUP, "rope type 'dynamic'", "yarn"},
        {"llama", "\"rope_type\": \"default\"", "\"rope_type\": \"linear\"", HN_EFORMAT, "needs \"factor\"", NULL},
        {"llama", "\"rope_type\": \"default\"", "\"rope_type\": \"linear\", \"factor\": 0", HN_EFORMAT, "factor must be positive", NULL},
        {"llama", "\"mlp_bias\": false", "\"mlp_bias\": false, \"attention_dropout\": 1.5", HN_EFORMAT, "\"attention_dropout\" is 1.5", NULL},
        {"gpt2", "\"n_head\": 4,", "\"n_head\": 4, \"layer_norm_epsilon\": -1e-5,", HN_EFORMAT, "\"layer_norm_epsilon\" is -1e-05", NULL},
        {"llama", "\"eos_token_id\": 2", "\"eos_token_id\": \"x\"", HN_EFORMAT, "\"eos_token_id\" must be a token id", NULL},
        {"llama", "\"rope_theta\": 10000.0", "\"rope_theta\": -1", HN_EFORMAT, "rope_theta", NULL},
        {"llama", "\"head_dim\": 8", "\"head_dim\": 7", HN_EFORMAT, "even number", NULL},
        {"llama", "\"use_cache\": true", "\"auto_map\": {\"AutoConfig\": \"x.y\"}", HN_ENOTSUP, "auto_map", NULL},
        {"llama", "\"use_cache\": true", "\"quantization_config\": {\"bits\": 4}", HN_ENOTSUP, "quantization_config", NULL},
        {"qwen2", "\"full_attention\"", "\"linear_attention\"", HN_ENOTSUP, "linear_attention", NULL},
        {"llama", "\"hidden_size\": 32", "\"hidden_size\": 40", HN_ESHAPE, "config.json asks for [", NULL},
        {"llama", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", HN_EFORMAT, "9 of 29 weights are missing",
         "model.layers.2.self_attn.q_proj.weight"},
        {"gpt2", "\"add_cross_attention\": false", "\"add_cross_attention\": true", HN_ENOTSUP, "cross-attention", NULL},
        {"llama", "{", "{{", HN_EFORMAT, "config.json:1", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        edit_config(cases[i].model, cases[i].from, cases[i].to);
        edit_weights(cases[i].model, NULL, NULL);
        refused(cases[i].code, cases[i].part, cases[i].detail);
    }
}

static bool drop_norm(hn_st_item *item) { return !hn_streq(item->name, "model.norm.weight"); }

static bool integers(hn_st_item *item) {
    if (hn_streq(item->name, "model.norm.weight")) item->dtype = HN_ST_I32;
    return true;
}

static void test_bad_weights(void **state) {
    (void)state;
    edit_config("llama", "{", "{");
    edit_weights("llama", drop_norm, NULL);
    refused(HN_EFORMAT, "1 of 20 weights are missing", "model.norm.weight");
    edit_weights("llama", integers, NULL);
    refused(HN_ENOTSUP, "'model.norm.weight' is I32", "BF16");
    char path[256];
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    unlink(path);
    refused(HN_ENOENT, "no model.safetensors", NULL);
    snprintf(path, sizeof path, "%s/config.json", dir);
    unlink(path);
    refused(HN_ENOENT, "config.json", NULL);
}

static const int64_t one[1] = {1}, head_dim[2] = {96, 32};
static const float zero[96 * 32];

static void test_extra_tensors(void **state) {
    (void)state;
    edit_config("llama", "{", "{");
    warned[0] = '\0';
    hn_st_item buffer = {
        .name = "model.layers.0.self_attn.rotary_emb.inv_freq", .dtype = HN_ST_F32, .rank = 1, .dim = one, .data = zero};
    edit_weights("llama", NULL, &buffer);
    hn_model_free(load());
    assert_string_equal(warned, "");
    hn_st_item odd = {.name = "model.odd", .dtype = HN_ST_F32, .rank = 1, .dim = one, .data = zero};
    edit_weights("llama", NULL, &odd);
    hn_model_free(load());
    assert_non_null(strstr(warned, "model.odd"));
}

/* Tied by the config, but the file holds a head: equal is fine, different wins and is saved as untied. */
static void test_ties(void **state) {
    (void)state;
    edit_config("llama", "{", "{");
    hn_st_item head = {.name = "lm_head.weight", .dtype = HN_ST_F32, .rank = 2, .dim = head_dim, .data = zero};
    hn_st *s = NULL;
    assert_int_equal(hn_st_open_dir(FIXTURES "/models/llama", "model", &s, NULL), HN_OK);
    head.data = hn_st_find(s, "model.embed_tokens.weight")->data;
    warned[0] = '\0';
    edit_weights("llama", NULL, &head);
    hn_model *m = load();
    assert_true(hn_model_get_info(m)->tied);
    assert_string_equal(warned, "");
    hn_model_free(m);
    hn_st_close(s);
    head.data = zero;
    edit_weights("llama", NULL, &head);
    m = load();
    assert_false(hn_model_get_info(m)->tied);
    assert_non_null(strstr(warned, "lm_head.weight"));
    hn_error err = {0};
    if (hn_model_save(m, dir, NULL, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_model_free(m);
    m = load();
    assert_false(hn_model_get_info(m)->tied);
    hn_buf text = {0};
    char path[256];
    snprintf(path, sizeof path, "%s/config.json", dir);
    assert_int_equal(hn_file_read(path, &text, &err), HN_OK);
    assert_non_null(strstr(text.p, "\"tie_word_embeddings\": false"));
    hn_buf_release(&text);
    hn_model_free(m);
}

static char renamed[256][200];
static size_t renames;
static const char *cut_prefix;
static bool cut(hn_st_item *item) {
    if (strncmp(item->name, cut_prefix, strlen(cut_prefix)) == 0) {
        snprintf(renamed[renames], sizeof renamed[0], "%s", item->name + strlen(cut_prefix));
        item->name = renamed[renames++];
    }
    return true;
}

static bool new_head_name(hn_st_item *item) {
    if (hn_streq(item->name, "embed_out.weight")) item->name = "lm_head.weight";
    return true;
}

static float first_logit(hn_model *m) {
    hn_tape *t = NULL;
    static bench x;
    static float logits[8 * 128];
    hn_error err = {0};
    assert_int_equal(hn_tape_new(dev, HN_F32, &t, NULL), HN_OK);
    bench_clear(&x);
    bench_row(&x, (const int32_t[]){3, 1, 4, 1, 5, 9, 2, 6}, 8);
    if (bench_logits(m, t, &x.b, NULL, logits, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_tape_free(t);
    return logits[7 * hn_model_get_info(m)->vocab + 11];
}

static float logit_of(const char *model) {
    char path[256];
    hn_error err = {0};
    hn_model *m = NULL;
    snprintf(path, sizeof path, FIXTURES "/models/%s", model);
    if (hn_model_load(dev, path, NULL, &m, &err) != HN_OK) fail_msg("%s", err.msg);
    float v = first_logit(m);
    hn_model_free(m);
    return v;
}

static void same_logit(const char *model) {
    hn_model *m = load();
    float got = first_logit(m), want = logit_of(model);
    hn_model_free(m);
    if (memcmp(&got, &want, sizeof got) != 0) fail_msg("%s: %.9g is not %.9g", model, (double)got, (double)want);
}

static void test_names(void **state) {
    (void)state;
    static const char *const models[][2] = {{"gpt2", "transformer."}, {"llama", "model."}, {"gpt_neox", "gpt_neox."}};
    for (size_t i = 0; i < 3; i++) {
        edit_config(models[i][0], "{", "{");
        cut_prefix = models[i][1];
        renames = 0;
        edit_weights(models[i][0], cut, NULL);
        same_logit(models[i][0]);
    }
    edit_config("gpt_neox", "{", "{");
    edit_weights("gpt_neox", new_head_name, NULL);
    same_logit("gpt_neox");
}

/* A header whose length is odd: data at odd addresses is read all the same, mapped or not. */
static void test_unaligned(void **state) {
    (void)state;
    hn_buf file = {0}, odd = {0};
    hn_error err = {0};
    assert_int_equal(hn_file_read(FIXTURES "/models/llama/model.safetensors", &file, &err), HN_OK);
    uint64_t n = 0, longer;
    memcpy(&n, file.p, 8); /* little-endian, as this test's machine */
    longer = n + 3;
    hn_buf_add(&odd, &longer, 8);
    hn_buf_add(&odd, file.p + 8, (size_t)n);
    hn_buf_puts(&odd, "   ");
    hn_buf_add(&odd, file.p + 8 + n, file.n - 8 - (size_t)n);
    edit_config("llama", "{", "{");
    char path[256];
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    assert_int_equal(hn_file_write(path, odd.p, odd.n, &err), HN_OK);
    same_logit("llama");
    hn_model *m = NULL;
    assert_int_equal(hn_model_load(dev, dir, &(hn_load_opts){.read_only = true}, &m, &err), HN_OK);
    float got = first_logit(m), want = logit_of("llama");
    assert_memory_equal(&got, &want, sizeof got);
    hn_model_free(m);
    hn_buf_release(&file);
    hn_buf_release(&odd);
}

/* The keys transformers 4 wrote mean the same. */
static void test_old_configs(void **state) {
    (void)state;
    static const struct {
        const char *model, *from, *to;
    } cases[] = {
        {"llama3_rope", "\"rope_parameters\": {\n    \"factor\": 8.0,",
         "\"rope_theta\": 100.0, \"rope_scaling\": {\n    \"factor\": 8.0,"},
        {"llama_yarn", "\"rope_parameters\": {", "\"rope_theta\": 5.0, \"rope_scaling\": {"},
        {"gpt_neox",
         "\"rope_parameters\": {\n    \"partial_rotary_factor\": 0.25,\n    \"rope_theta\": 10000.0,\n    \"rope_type\": "
         "\"default\"\n  }",
         "\"rotary_pct\": 0.25, \"rotary_emb_base\": 10000"},
        {"llama", "\"dtype\": \"float32\"", "\"torch_dtype\": \"float32\", \"rope_scaling\": null"},
        {"qwen2", "\"layer_types\": [\n    \"full_attention\",\n    \"full_attention\"\n  ],", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        edit_config(cases[i].model, cases[i].from, cases[i].to);
        edit_weights(cases[i].model, NULL, NULL);
        same_logit(cases[i].model);
    }
    edit_config("llama", "\"rope_theta\": 10000.0", "\"rope_theta\": 100.0");
    edit_weights("llama", NULL, NULL);
    hn_model *m = load();
    float got = first_logit(m), other = logit_of("llama");
    assert_true(fabsf(got - other) > 1e-6f); /* the key is read */
    hn_model_free(m);
}

/* Linear scaling: the old and the new key give one model, and another one than no scaling. */
static void test_old_linear_rope(void **state) {
    (void)state, edit_weights("llama", NULL, NULL);
    float got[2];
    for (int i = 0; i < 2; i++) {
        edit_config("llama", "\"rope_parameters\": {", i ? "\"rope_scaling\": {\"factor\": 4, \"type\": \"linear\"}, \"old\": {"
                                                       : "\"rope_parameters\": {\"factor\": 4.0, \"rope_type\": \"linear\"}, \"old\": {");
        hn_model *m = load();
        got[i] = first_logit(m), hn_model_free(m);
    }
    assert_true(got[0] == got[1] && fabsf(got[0] - logit_of("llama")) > 1e-6f);
}

static void test_old_dtype_key(void **state) {
    (void)state;
    edit_config("llama", "\"dtype\": \"float32\"", "\"torch_dtype\": \"bfloat16\"");
    edit_weights("llama", NULL, NULL);
    hn_model *m = load();
    hn_error err = {0};
    if (hn_model_save(m, dir, NULL, &err) != HN_OK) fail_msg("%s", err.msg);
    assert_int_equal(hn_model_save(m, "/nonexistent", NULL, &err), HN_ENOENT);
    assert_int_equal(hn_model_save(m, dir, &(hn_save_opts){.dtype = HN_I32}, &err), HN_EARG);
    hn_model_free(m);
    hn_buf text = {0};
    char path[256];
    snprintf(path, sizeof path, "%s/config.json", dir);
    assert_int_equal(hn_file_read(path, &text, &err), HN_OK);
    assert_non_null(strstr(text.p, "\"torch_dtype\": \"float32\""));
    assert_null(strstr(text.p, "\"dtype\""));
    hn_buf_release(&text);
}

static void test_info(void **state) {
    (void)state;
    edit_config("qwen3", "{", "{");
    edit_weights("qwen3", NULL, NULL);
    write_text("generation_config.json", "{\"eos_token_id\": [7, 9], \"pad_token_id\": 4}");
    hn_model *m = load();
    const hn_model_info *f = hn_model_get_info(m);
    assert_string_equal(f->family, "qwen3");
    assert_string_equal(f->architecture, "Qwen3ForCausalLM");
    assert_int_equal(f->parameters, 19408);
    assert_int_equal(f->head_dim, 12);
    assert_int_equal(f->eos_count, 2);
    assert_int_equal(f->eos[1], 9);
    assert_int_equal(f->pad, 4);
    assert_int_equal(f->bos, 1);
    assert_true(f->tied && f->causal);
    hn_error err = {0};
    assert_int_equal(hn_model_check_vocab(m, 96, &err), HN_OK);
    assert_int_equal(hn_model_check_vocab(m, 97, &err), HN_ESHAPE);
    assert_non_null(strstr(err.msg, "97 ids, the model's embedding 96 rows"));
    assert_true(hn_model_activation_bytes(m, 100, 50, true) < hn_model_activation_bytes(m, 100, 50, false));
    hn_model_free(m);
    char path[256];
    snprintf(path, sizeof path, "%s/generation_config.json", dir);
    unlink(path);
}

/* transformers' rule (Trainer.get_decay_parameter_names). */
static void test_decay(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool decays;
    } cases[] = {
        {"model.embed_tokens.weight", true},
        {"model.layers.0.self_attn.q_proj.weight", true},
        {"model.layers.0.self_attn.q_proj.bias", false},
        {"model.layers.0.input_layernorm.weight", false},
        {"model.layers.0.self_attn.q_norm.weight", false},
        {"model.norm.weight", false},
        {"norm.weight", false},
        {"model.normal.weight", true},
        {"model.denorm.weight", true},
        {"transformer.ln_f.weight", true}, /* by name alone; as a LayerNorm it does not */
        {"encoder.LayerNorm.weight", false},
        {"model.RMSNorm_1.weight", false},
        {"model.post_norm", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (hn_name_decays(cases[i].name) != cases[i].decays) fail_msg("%s", cases[i].name);
    hn_model *m = NULL;
    hn_error err = {0};
    size_t n, decays = 0;
    if (hn_model_load(dev, FIXTURES "/models/gpt2", NULL, &m, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_param *p = hn_model_params(m, &n);
    for (size_t i = 0; i < n; i++) decays += p[i].decay;
    assert_int_equal(n, 2 + 2 * 12 + 2);
    assert_int_equal(decays, 2 + 2 * 4); /* embeddings and four matrices a layer */
    hn_model_free(m);
}

static double spread(const hn_tensor *t) {
    double sum = 0, *v = hn_alloc_array((size_t)hn_tensor_count(t), sizeof *v);
    hn_tensor_get(t, v);
    for (int64_t i = 0; i < hn_tensor_count(t); i++) sum += v[i] * v[i];
    hn_free(v);
    return sqrt(sum / (double)hn_tensor_count(t));
}

static void test_init(void **state) {
    (void)state;
    hn_error err = {0};
    hn_model *a = NULL, *b = NULL, *c = NULL;
    const char *config = FIXTURES "/models/gpt2";
    assert_int_equal(hn_model_init(dev, config, 1, HN_F32, 0, &a, &err), HN_OK);
    assert_int_equal(hn_model_init(dev, FIXTURES "/models/gpt2/config.json", 1, HN_F64, 0, &b, &err), HN_OK);
    assert_int_equal(hn_model_init(dev, config, 2, HN_F32, 0, &c, &err), HN_OK);
    size_t n;
    hn_param *p = hn_model_params(a, &n), *q = hn_model_params(b, &n), *r = hn_model_params(c, &n);
    for (size_t i = 0; i < n; i++) {
        double s = spread(p[i].t);
        assert_true(fabs(s - spread(q[i].t)) < 1e-9);
        bool matrix = p[i].t->rank == 2, residual = strstr(p[i].name, "c_proj.weight") != NULL;
        double want = matrix ? (residual ? 0.02 / 2 : 0.02) : strstr(p[i].name, "bias") ? 0 : 1;
        if (fabs(s - want) > 0.1 * want) fail_msg("%s: spread %g, expected %g", p[i].name, s, want);
        if (matrix) assert_true(memcmp(p[i].t->data, r[i].t->data, hn_tensor_bytes(p[i].t)) != 0);
    }
    hn_model_free(a);
    hn_model_free(b);
    hn_model_free(c);
    assert_int_equal(hn_model_init(dev, FIXTURES "/models/llama", 1, HN_F32, 0, &a, &err), HN_OK);
    const float *embed = hn_model_params(a, &n)[0].t->data;
    for (int i = 0; i < 32; i++) assert_true(embed[i] == 0.0f && embed[32 + i] != 0.0f); /* pad_token_id is 0 */
    hn_model_free(a);
}

/* Every n-th allocation of a load fails: a status, no leak. */
static void test_out_of_memory(void **state) {
    (void)state;
    hn_mem_stats before, after;
    int failures = 0;
    hn_dev_trim(dev);
    hn_mem_get(&before);
    for (int64_t n = 1; n < 120; n++) {
        hn_model *m = NULL;
        hn_error err = {0};
        hn_mem_fail_after(n);
        hn_status st = hn_model_load(dev, FIXTURES "/models/gpt_neox", NULL, &m, &err);
        hn_mem_fail_after(-1);
        if (st == HN_OK) {
            hn_model_free(m);
        } else {
            failures++;
            assert_int_equal(st, HN_ENOMEM);
        }
    }
    hn_dev_trim(dev);
    hn_mem_get(&after);
    assert_int_equal(before.blocks, after.blocks);
    assert_true(failures > 10);
}

static int open_all(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "%s", "/tmp/hone-load-XXXXXX");
    hn_log_set(keep_log, NULL);
    return hn_dev_cpu_new(NULL, &dev, NULL) == HN_OK && mkdtemp(dir) ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    hn_dev_free(dev);
    hn_log_set(NULL, NULL);
    return hn_dir_remove(dir, NULL) == HN_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_configs),   cmocka_unit_test(test_bad_weights),   cmocka_unit_test(test_extra_tensors),
        cmocka_unit_test(test_ties),          cmocka_unit_test(test_names),         cmocka_unit_test(test_old_configs), cmocka_unit_test(test_old_linear_rope),
        cmocka_unit_test(test_old_dtype_key), cmocka_unit_test(test_info),          cmocka_unit_test(test_decay),
        cmocka_unit_test(test_init),          cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_unaligned),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
