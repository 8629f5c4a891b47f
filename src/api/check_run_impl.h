/* check_run_impl.h - for the files behind data check and data inspect: facts of a model folder. */
#ifndef HN_CHECK_RUN_IMPL_H
#define HN_CHECK_RUN_IMPL_H

#include "api/api.h"

bool hn_config_key_known(const char *key); /* of config.json */
/* Facts of a model folder from its small files and the headers of its weights; dir may be NULL. Errors: files that are there and
 * cannot be read. */
hn_status hn_model_facts(const char *dir, hn_view view, hn_check_model *out, hn_arena *room, hn_error *err) HN_MUST;
void hn_model_facts_release(hn_check_model *m);

#endif
