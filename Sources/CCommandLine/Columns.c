#define _XOPEN_SOURCE 700

#include "CCommandLine.h"

#include <wchar.h>

int command_line_columns(uint32_t character) {
    int columns = wcwidth((wchar_t)character);
    return columns < 0 ? 0 : columns;
}
