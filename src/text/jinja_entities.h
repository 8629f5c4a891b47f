/* jinja_entities.h - named character references of HTML, sorted by name. */
#ifndef HN_JINJA_ENTITIES_H
#define HN_JINJA_ENTITIES_H

#include <stddef.h>
#include <stdint.h>

typedef struct hn_entity { const char *name; uint32_t first, second; } hn_entity; /* code points; second 0: none */
extern const hn_entity hn_entities[];
extern const size_t hn_entity_count;

#endif
