# Hostile input: each tests/fuzz/fuzz_NAME.c is a target of libFuzzer (with BERTH_FUZZ, by clang), and replays its corpus
# as a test in every build. Those of the program itself stand on no floors but on a library that does what a script says.
set(FUZZ_OF_PROGRAM arguments)
shared_by_tests(fuzz-with tests/fuzz/pieces.c tests/fuzz/stage.c tests/fuzz/docker_stage.c tests/fuzz/local_stage.c
  tests/fuzz/openstack_readers.c tests/fuzz/checked.c)
set(FUZZ_WITH $<TARGET_OBJECTS:fuzz-with> $<TARGET_OBJECTS:test-support>)

function(fuzz_program name)
  whole_program(${name} ${ARGN})
  target_compile_definitions(${name} PRIVATE BERTH_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endfunction()

add_library(fuzz-program OBJECT tests/cli/stub_berth.c tests/fuzz/pieces.c)
target_include_directories(fuzz-program PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(fuzz-program PRIVATE ${LIBRARIES})

# Nothing that the program reaches for is there.
function(fuzz_program_of_program name)
  add_executable(${name} ${ARGN} $<TARGET_OBJECTS:fuzz-program> $<TARGET_OBJECTS:cli>)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(${name} PRIVATE ${LIBRARIES})
  foreach(call open fopen mkostemp rename unlink mkdir clock_gettime poll)
    target_link_options(${name} PRIVATE -Wl,--wrap=${call})
  endforeach()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(source ${fuzz_sources})
  string(REGEX REPLACE ".*/fuzz_(.*)\\.c$" "\\1" name ${source})
  # In the one program that replays all of them each has a name of its own.
  add_library(fuzz-one-${name} OBJECT ${source})
  target_include_directories(fuzz-one-${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(fuzz-one-${name} PRIVATE ${LIBRARIES})
  target_compile_definitions(fuzz-one-${name} PRIVATE LLVMFuzzerTestOneInput=fuzz_${name})
  set(of "")
  if(name IN_LIST FUZZ_OF_PROGRAM)
    set(of "-program")
  endif()
  list(APPEND replayed${of} $<TARGET_OBJECTS:fuzz-one-${name}>)
  string(APPEND names${of} "TARGET(${name})\n")
  add_test(NAME fuzz-${name} COMMAND fuzz-replay${of} ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  if(BERTH_FUZZ)
    if(of)
      fuzz_program_of_program(fuzz-${name} ${source})
    else()
      fuzz_program(fuzz-${name} ${source} ${FUZZ_WITH})
    endif()
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
  endif()
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/fuzz/fuzz_targets.h CONTENT "${names}")
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/fuzz-program/fuzz_targets.h CONTENT "${names-program}")
fuzz_program(fuzz-replay tests/fuzz/replay.c ${FUZZ_WITH} ${replayed})
target_include_directories(fuzz-replay PRIVATE ${CMAKE_BINARY_DIR}/fuzz)
fuzz_program_of_program(fuzz-replay-program tests/fuzz/replay.c base/text.c base/error.c ${replayed-program})
target_include_directories(fuzz-replay-program PRIVATE ${CMAKE_BINARY_DIR}/fuzz-program)

# Every allocation fails once; what the archives of libraries ask for counts too.
add_executable(fuzz-allocations tests/fuzz/allocations.c tests/fuzz/allocation_scenarios.c tests/fuzz/scarce.c
  ${FUZZ_WITH} ${OBJECTS})
target_include_directories(fuzz-allocations PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(fuzz-allocations PRIVATE ${UV_ARCHIVE} ${JANSSON_ARCHIVE} ${YAML_ARCHIVE} ${SQLITE_ARCHIVE}
  PkgConfig::CRYPTO ${CMAKE_DL_LIBS} pthread m)
foreach(name malloc calloc realloc reallocarray strdup strndup vasprintf asprintf opendir fdopendir fopen regcomp
    strbuffer_append_byte strbuffer_append_bytes)
  target_link_options(fuzz-allocations PRIVATE -Wl,--wrap=${name})
endforeach()
set_target_properties(fuzz-allocations PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# Blueprints that were right before they were changed at random.
fuzz_program(fuzz-mutated tests/fuzz/mutated.c tests/fuzz/checked.c tests/fuzz/pieces.c)
file(GLOB blueprints CONFIGURE_DEPENDS tests/fuzz/corpus/blueprint/* examples/*.yaml)
add_test(NAME fuzz-mutated COMMAND fuzz-mutated 10000 0 ${blueprints})

# The worst of 1 MiB.
fuzz_program(fuzz-largest tests/fuzz/largest.c tests/fuzz/pieces.c tests/fuzz/stage.c $<TARGET_OBJECTS:test-support>)
add_test(NAME fuzz-largest COMMAND fuzz-largest)

# Thinned: all of them fail in turn with `fuzz-allocations`, and `fuzz-allocations --lasting`.
add_test(NAME fuzz-allocations COMMAND fuzz-allocations --every 17)
