#ifndef YAML_BASELINE_H
#define YAML_BASELINE_H

#include <stddef.h>

/// Parses a text with libyaml and drops every event; the number of events, or -1 for an error.
long yaml_baseline_parse(const unsigned char *text, size_t length);

/// The events of a text, kept so that emitting them can be timed alone.
struct yaml_baseline_events;

/// Parses a text and keeps its events; NULL for an error.
struct yaml_baseline_events *yaml_baseline_record(const unsigned char *text, size_t length);

/// Emits events with libyaml into one growing buffer; how many bytes it wrote, or -1 for an error.
long yaml_baseline_emit(const struct yaml_baseline_events *events);

/// Releases events.
void yaml_baseline_free(struct yaml_baseline_events *events);

/// Gives free memory back to the system, so that what is resident is what is in use; malloc_trim(3).
void yaml_baseline_trim(void);

#endif
