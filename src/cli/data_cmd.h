/* data_cmd.h - what the files of hone data share: its options and what its words do. */
#ifndef HN_DATA_CMD_H
#define HN_DATA_CMD_H

#include "cli/cli.h"

typedef struct hn_data_cmd {
    char *task, *fail_on, *sarif, *output_file, *html;
    bool json, ids;
    int64_t rows, row;
} hn_data_cmd;

int data_check(hn_cli *cli, const hn_data_cmd *o);
int data_inspect(hn_cli *cli, const hn_data_cmd *o);
int data_formats(const hn_data_cmd *o);

/* Findings for people; color: escape sequences are understood. */
void check_table(hn_buf *out, const hn_report *r, bool color, int width);

#endif
