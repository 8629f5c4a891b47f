/* cmd_data.c - hone data: look at rows as the model sees them, and check them. */
#include <string.h>

#include "cli/data_cmd.h"

#define AT(field) offsetof(hn_data_cmd, field)
static const hn_opt table[] = {
    {"task", "what the rows are for, where their columns do not tell", HN_OPT_STR, AT(task), NULL, 0, 0,
     "sft|preference|kto|prompt|text|classify|tag|qa", "Look", NULL, HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"fail_on", "check: exit with 4 if there is a finding of this severity or above", HN_OPT_STR, AT(fail_on), "error", 0, 0,
     "warn|error", "Look", NULL, HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"json", "one JSON object on standard output", HN_OPT_BOOL, AT(json), "false", 0, 0, NULL, "Look", NULL, HN_OPT_COMMON},
    {"sarif", "check: write the findings to this file as SARIF 2.1.0 too", HN_OPT_STR, AT(sarif), NULL, 0, 0, NULL, "Look", NULL,
     HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"output_file", "write what would be printed to this file; a name that ends in .json: as JSON", HN_OPT_STR, AT(output_file),
     NULL, 0, 0, NULL, "Look", NULL, HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"rows", "inspect: rows to show", HN_OPT_INT, AT(rows), "3", 0, 1e6, NULL, "Look", NULL, HN_OPT_COMMON},
    {"row", "inspect: begin with this row (from 0)", HN_OPT_INT, AT(row), "0", 0, 9e18, NULL, "Look", NULL, HN_OPT_COMMON},
    {"ids", "inspect: a line a token, with its id", HN_OPT_BOOL, AT(ids), "false", 0, 0, NULL, "Look", NULL, HN_OPT_COMMON},
    {"html", "inspect: write a page to this file", HN_OPT_STR, AT(html), NULL, 0, 0, NULL, "Look", NULL,
     HN_OPT_COMMON | HN_OPT_NULLABLE},
    {0}};
#undef AT

static int run(hn_cli *cli) {
    const char *word = cli->rest_count ? cli->rest[0] : "";
    hn_error err = {0};
    if (cli->rest_count == 1 && hn_streq(word, "check")) return data_check(cli, cli->own);
    if (cli->rest_count == 1 && hn_streq(word, "inspect")) return data_inspect(cli, cli->own);
    if (cli->rest_count == 1 && hn_streq(word, "formats")) return data_formats(cli->own);
    if (cli->rest_count > 1)
        hn_fail(&err, HN_EARG, "'%s' is not expected here", cli->rest[1]);
    else
        hn_fail(&err, HN_EARG, "expected `inspect`, `check` or `formats`, not '%s'", word);
    hn_error_fix(&err, "hone data check --dataset_name FILE --model_name_or_path MODEL");
    return cli_fail(cli, &err);
}

const hn_command hn_command_data = {
    .name = "data", .about = "rows as the model sees them (inspect), and what is wrong with them (check)", .group = "Look",
    .usage = "hone data inspect --model_name_or_path ./model --dataset_name train.jsonl\n"
             "hone data check --model_name_or_path ./model --dataset_name train.jsonl --fail_on warn",
    .words = "inspect|check|formats", .task = "data", .table = table, .size = sizeof(hn_data_cmd), .run = run};
