/* jinja_entities.h - named character references of HTML.
 *
 * Lines of entries with blanks between them, all sorted by name: the name, ';' or, where it may stand without one, '?', and one or two
 * code points in hexadecimal digits with a comma between them. */
#ifndef HN_JINJA_ENTITIES_H
#define HN_JINJA_ENTITIES_H

#include <stddef.h>

extern const char *const hn_entities[];
extern const size_t hn_entity_lines;

#endif
