/* check_model_files.c - a model folder that is not whole, or whose files contradict each other. */
#include "check/check_impl.h"

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->setup->model && c->setup->model->dir;
}

static void list(const hn_strlist *l, char *out, size_t room) {
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < l->n && i < 5 && n < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%s", i ? ", " : "", l->v[i]);
    if (l->n > 5 && n < room) snprintf(out + n, room - n, ", ...");
}

static void say(hn_check_ctx *c, hn_severity severity, const char *message, const char *cost, const char *remedy) {
    hn_finding *f = hn_found(c, severity, NULL, 0, "%s", message);
    f->cost = cost;
    f->remedy = remedy;
}

static void end(void *self, hn_check_ctx *c) {
    const hn_check_model *m = c->setup->model;
    char names[400], text[700];
    (void)self;
    if (m->missing_shards.n) {
        list(&m->missing_shards, names, sizeof names);
        snprintf(text, sizeof text, "%zu of the files that the index names are missing: %s", m->missing_shards.n, names);
        say(c, HN_SEVERITY_ERROR, text, "the model cannot be loaded", "download the folder again");
    } else if (!m->weights) {
        say(c, HN_SEVERITY_INFO, "the folder holds no weights: only rows and tokenizer are checked",
            "whether rows fit the model is not known", "name the model's folder with --model_name_or_path");
    }
    if (m->tied_but_differs)
        say(c, HN_SEVERITY_WARN,
            "config.json ties the output layer to the embedding, the file holds an output layer of its own that differs",
            "programs that follow config.json compute something else than those that follow the file",
            "set \"tie_word_embeddings\" to false in config.json");
    if (m->untied_but_missing)
        say(c, HN_SEVERITY_WARN, "config.json unties the output layer from the embedding, the file holds none",
            "an output layer is made up from random values, or loading fails",
            "set \"tie_word_embeddings\" to true in config.json");
    if (m->config_dtype && m->file_dtype && !hn_streq(m->config_dtype, m->file_dtype)) {
        snprintf(text, sizeof text, "config.json says %s, the weights are %s", m->config_dtype, m->file_dtype);
        say(c, HN_SEVERITY_INFO, text, "programs that follow config.json round or widen the weights",
            "write the type of the file into config.json");
    }
    if (m->head_missing)
        say(c, HN_SEVERITY_INFO, "the head of this task is not in the file: it starts from random values",
            "none: that is how a head is trained", "none needed");
    if (m->unknown_keys.n) {
        list(&m->unknown_keys, names, sizeof names);
        snprintf(text, sizeof text, "config.json has keys that are not known here: %s", names);
        say(c, HN_SEVERITY_INFO, text, "what they ask for is not done", "look whether they change the computation");
    }
    if (m->adapter_base_differs) {
        snprintf(text, sizeof text, "the adapter was made for %s", m->adapter_base ? m->adapter_base : "another model");
        say(c, HN_SEVERITY_WARN, text, "its changes belong to other weights: results are worse than without it",
            "load it onto the model it was made for");
    }
}

const hn_check hn_check_model_files = {
    {.id = "model-files",
     .about = "shards that are missing, tied weights, types, config keys and adapters that do not fit",
     .cost = "the model is not what its config says",
     .remedy = "repair the folder"},
    .views = HN_ALL_VIEWS,
    .begin = begin,
    .end = end};
