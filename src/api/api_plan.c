/* api_plan.c - the block before step 1, as JSON: model, data, steps, memory; and the model card. */
#include <string.h>

#include "api/api.h"

hn_json *hone_rows_json(const hone_dataset *d) {
    const hn_rows *r = d->rows;
    hn_json *j = hn_json_new_object();
    hn_json_set(j, "files", hn_sources_files(&d->sources));
    hn_json_set_text(j, "format", r->format);
    hn_json_set_text(j, "reason", r->reason);
    const struct { const char *key; int64_t v; } counts[] = {
        {"records", r->read}, {"rows", r->rows}, {"dropped", r->dropped}, {"truncated", r->truncated}, {"tokens", r->tokens},
        {"targets", r->targets}, {"longest", r->longest}, {"examples", r->examples}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) hn_json_set_int(j, counts[i].key, counts[i].v);
    hn_json_set_text(j, "packing", r->packing == HN_PACK_NONE ? NULL : hn_packing_name(r->packing));
    hn_json_set_text(j, "chat_template", d->template_source);
    hn_json_set_text(j, "prepared", r->prepared);
    hn_json_set_bool(j, "reused", r->reused);
    hn_json_set_text(j, "fingerprint", r->fingerprint);
    if (d->sources.n > 1) hn_json_set(j, "sources", hn_json_ref(r->sources));
    if (d->sources.n > 1) hn_json_set_text(j, "mix", d->sources.mix == HN_MIX_INTERLEAVE ? "interleave" : "concatenate");
    if (d->sources.hold_out > 0) {
        hn_json_set_num(j, "val_size", d->sources.hold_out);
        hn_json_set_int(j, "val_seed", (int64_t)d->sources.seed);
    }
    return j;
}

char *hone_dataset_info_json(const hone_dataset *d) {
    if (!d) return NULL;
    hn_buf b = {0};
    hn_json *j = hone_rows_json(d);
    hn_json_write(&b, j, 0);
    hn_json_free(j);
    return hn_buf_take(&b);
}

static hn_json *plan_model(const hone_trainer *t) {
    const hn_model_info *i = hn_model_get_info(t->model->m);
    hn_json *j = hn_json_new_object();
    size_t n = 0;
    int64_t trained = 0;
    hn_param *p = hn_model_params(t->model->m, &n);
    for (size_t k = 0; k < n; k++)
        if (p[k].trainable) trained += hn_tensor_count(p[k].t);
    hn_json_set_text(j, "folder", hn_model_dir(t->model->m));
    hn_json_set_text(j, "architecture", i->architecture);
    hn_json_set_text(j, "file_dtype", hn_dtype_name(i->file_dtype));
    hn_json_set_int(j, "parameters", i->parameters);
    hn_json_set_int(j, "trained", trained);
    hn_json_set_int(j, "layers", i->layers);
    hn_json_set_int(j, "max_position", i->max_position);
    return j;
}

char *hone_trainer_plan_json(hone_trainer *t) {
    if (!t) return NULL;
    hn_plan p;
    hn_trainer_plan(t->t, &p);
    const hn_train_opts *o = &t->c->train;
    hn_json *j = hn_json_new_object(), *steps = hn_json_new_object(), *memory = hn_json_new_object();
    hn_json_set(j, "model", plan_model(t));
    hn_json_set(j, "data", hone_rows_json(t->train));
    if (t->eval) hn_json_set(j, "eval_data", hone_rows_json(t->eval));
    hn_json_set_int(steps, "per_device_train_batch_size", o->per_device_train_batch_size);
    hn_json_set_int(steps, "gradient_accumulation_steps", o->gradient_accumulation_steps);
    hn_json_set_int(steps, "micro_batches_per_epoch", p.micro_batches_per_epoch);
    hn_json_set_int(steps, "steps_per_epoch", p.steps_per_epoch);
    hn_json_set_int(steps, "max_steps", p.max_steps);
    hn_json_set_int(steps, "warmup_steps", p.warmup_steps);
    hn_json_set_int(steps, "start_step", p.start_step);
    hn_json_set_num(steps, "epochs", p.epochs);
    hn_json_set_num(steps, "learning_rate", o->learning_rate);
    hn_json_set_text(steps, "lr_scheduler_type", o->lr_scheduler_type);
    hn_json_set_text(steps, "resumed_from", p.resumed ? p.resumed_from : NULL);
    hn_json_set(j, "plan", steps);
    hn_json_set_int(memory, "weights", (int64_t)p.weight_bytes);
    hn_json_set_int(memory, "gradients", (int64_t)p.gradient_bytes);
    hn_json_set_int(memory, "optimizer", (int64_t)p.optimizer_bytes);
    hn_json_set_int(memory, "activations", (int64_t)p.activation_bytes);
    hn_json_set_int(memory, "total", (int64_t)p.total_bytes);
    hn_json_set_int(memory, "available", (int64_t)hn_memory_available());
    hn_json_set_int(memory, "longest_batch_tokens", p.longest_batch_tokens);
    hn_json_set(j, "memory", memory);
    if (t->checks.checks) hn_json_set(j, "checks", hn_report_json(&t->checks));
    hn_json_set_text(j, "output_dir", o->output_dir);
    hn_json_set_int(j, "threads", hn_par_threads());
    hn_json_set_text(j, "kernels", hn_dev_kernels(t->ctx->dev, HN_F32)->isa);
    hn_json_set_text(j, "gemm", hn_dev_kernels(t->ctx->dev, HN_F32)->gemm_name);
    hn_buf b = {0};
    hn_json_write(&b, j, 0);
    hn_json_free(j);
    return hn_buf_take(&b);
}

void hn_card_write(const hone_trainer *t, hn_buf *out) {
    const hn_model_info *i = hn_model_get_info(t->model->m);
    const hn_train_opts *o = &t->c->train;
    const char *base = t->c->model.model_name_or_path;
    hn_buf_puts(out, "---\nlibrary_name: transformers\ntags:\n- hone\n");
    hn_buf_printf(out, "- %s\n", t->c->task->name);
    if (base) hn_buf_printf(out, "base_model: %s\n", hn_path_base(base));
    hn_buf_printf(out, "---\n\n# %s\n\n", hn_path_base(o->output_dir));
    hn_buf_printf(out, "%s (%lld parameters), trained with `hone %s` %s%s%s.\n\n", i->architecture, (long long)i->parameters,
                  t->c->task->name, HONE_VERSION, base ? " from " : " from random weights", base ? hn_path_base(base) : "");
    hn_buf_printf(out, "| | |\n|---|---|\n| rows | %lld (%s) |\n| tokens | %lld, %lld of them targets |\n",
                  (long long)t->train->rows->rows, t->train->rows->format, (long long)t->train->rows->tokens,
                  (long long)t->train->rows->targets);
    hn_buf_printf(out, "| batch | %lld rows x %lld |\n| learning rate | %g, %s |\n| seed | %lld |\n\n",
                  (long long)o->per_device_train_batch_size, (long long)o->gradient_accumulation_steps, o->learning_rate,
                  o->lr_scheduler_type, (long long)o->seed);
    hn_buf_puts(out, "All settings: `training_args.json`. Losses: `trainer_state.json`, `metrics.jsonl`.\n");
}
