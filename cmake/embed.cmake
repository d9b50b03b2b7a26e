# embed.cmake - files, one after the other, as a C array: cmake "-DFROM=FILE;..." -DTO=FILE.c -DNAME=NAME -P embed.cmake
foreach(file IN LISTS FROM)
  file(READ ${file} more HEX)
  string(APPEND bytes "${more}")
endforeach()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE ${TO} "/* Made for ${NAME}. */\n#include <stddef.h>\n\nextern const char ${NAME}[];\nextern const size_t ${NAME}_size;\nconst char ${NAME}[] = {\n${bytes}0};\nconst size_t ${NAME}_size = sizeof(${NAME}) - 1;\n")
