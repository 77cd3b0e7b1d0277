#include "YAMLBaseline.h"

#if defined(__linux__)
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

long yaml_baseline_parse(const unsigned char *text, size_t length) {
    yaml_parser_t parser;
    yaml_event_t event;
    long count = 0;
    int done = 0;
    if (!yaml_parser_initialize(&parser)) return -1;
    yaml_parser_set_input_string(&parser, text, length);
    while (!done) {
        if (!yaml_parser_parse(&parser, &event)) {
            yaml_parser_delete(&parser);
            return -1;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        count++;
    }
    yaml_parser_delete(&parser);
    return count;
}

struct record {
    yaml_event_type_t type;
    int style;
    size_t start;
    size_t length;
};

struct yaml_baseline_events {
    struct record *records;
    size_t count;
    unsigned char *text;
    size_t used;
};

struct yaml_baseline_events *yaml_baseline_record(const unsigned char *text, size_t length) {
    struct yaml_baseline_events *events = calloc(1, sizeof *events);
    size_t capacity = 1024, room = length + 1024;
    yaml_parser_t parser;
    yaml_event_t event;
    int done = 0;
    if (!events) return NULL;
    events->records = malloc(capacity * sizeof(struct record));
    events->text = malloc(room);
    if (!events->records || !events->text || !yaml_parser_initialize(&parser)) return NULL;
    yaml_parser_set_input_string(&parser, text, length);
    while (!done) {
        if (!yaml_parser_parse(&parser, &event)) return NULL;
        if (events->count == capacity) {
            capacity *= 2;
            events->records = realloc(events->records, capacity * sizeof(struct record));
            if (!events->records) return NULL;
        }
        struct record *record = &events->records[events->count++];
        record->type = event.type;
        record->style = 0;
        record->start = events->used;
        record->length = 0;
        if (event.type == YAML_SCALAR_EVENT) {
            record->style = event.data.scalar.style;
            record->length = event.data.scalar.length;
            if (events->used + record->length > room) return NULL;
            memcpy(events->text + events->used, event.data.scalar.value, record->length);
            events->used += record->length;
        } else if (event.type == YAML_SEQUENCE_START_EVENT) {
            record->style = event.data.sequence_start.style;
        } else if (event.type == YAML_MAPPING_START_EVENT) {
            record->style = event.data.mapping_start.style;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return events;
}

struct output {
    unsigned char *bytes;
    size_t used;
    size_t room;
};

static int write_output(void *data, unsigned char *buffer, size_t size) {
    struct output *output = data;
    if (output->used + size > output->room) {
        output->room = (output->used + size) * 2;
        output->bytes = realloc(output->bytes, output->room);
        if (!output->bytes) return 0;
    }
    memcpy(output->bytes + output->used, buffer, size);
    output->used += size;
    return 1;
}

long yaml_baseline_emit(const struct yaml_baseline_events *events) {
    yaml_emitter_t emitter;
    yaml_event_t event;
    struct output output = {0};
    long result = -1;
    if (!yaml_emitter_initialize(&emitter)) return -1;
    yaml_emitter_set_output(&emitter, write_output, &output);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    for (size_t i = 0; i < events->count; i++) {
        const struct record *record = &events->records[i];
        int ok = 0;
        switch (record->type) {
        case YAML_STREAM_START_EVENT: ok = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING); break;
        case YAML_STREAM_END_EVENT: ok = yaml_stream_end_event_initialize(&event); break;
        case YAML_DOCUMENT_START_EVENT:
            ok = yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
            break;
        case YAML_DOCUMENT_END_EVENT: ok = yaml_document_end_event_initialize(&event, 1); break;
        case YAML_SEQUENCE_START_EVENT:
            ok = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, (yaml_sequence_style_t)record->style);
            break;
        case YAML_SEQUENCE_END_EVENT: ok = yaml_sequence_end_event_initialize(&event); break;
        case YAML_MAPPING_START_EVENT:
            ok = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, (yaml_mapping_style_t)record->style);
            break;
        case YAML_MAPPING_END_EVENT: ok = yaml_mapping_end_event_initialize(&event); break;
        case YAML_SCALAR_EVENT:
            ok = yaml_scalar_event_initialize(&event, NULL, NULL, events->text + record->start, (int)record->length,
                                              1, 1, (yaml_scalar_style_t)record->style);
            break;
        default: break;
        }
        if (!ok || !yaml_emitter_emit(&emitter, &event)) goto end;
    }
    result = (long)output.used;
end:
    yaml_emitter_delete(&emitter);
    free(output.bytes);
    return result;
}

void yaml_baseline_free(struct yaml_baseline_events *events) {
    if (!events) return;
    free(events->records);
    free(events->text);
    free(events);
}

void yaml_baseline_trim(void) {
#if defined(__linux__)
    malloc_trim(0);
#endif
}
