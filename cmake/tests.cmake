# One test program per floor: tests/<floor>/*.c against that floor and those below it.
enable_testing()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-format-truncation) # their texts are short, and cut ones only make a test fail
endif()
pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)
pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl)
file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.c)

# Objects of several programs, compiled once. What only tries need not be fast.
function(shared_by_tests name)
  add_library(${name} OBJECT ${ARGN})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(${name} PRIVATE PkgConfig::SSL ${LIBRARIES})
  unhurried(${name})
endfunction()
function(unhurried name)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
endfunction()
shared_by_tests(test-support ${support_sources})

# suite(NAME [SUPPORT] FOLDERS... [WITH files...] FLOORS floors...); SUPPORT: with what tests/support offers
function(suite name)
  cmake_parse_arguments(SUITE "SUPPORT" "" "FOLDERS;WITH;FLOORS" ${ARGN})
  set(sources)
  foreach(folder ${SUITE_FOLDERS})
    file(GLOB found CONFIGURE_DEPENDS ${folder}/*.c)
    list(APPEND sources ${found})
  endforeach()
  if(SUITE_SUPPORT)
    list(APPEND sources $<TARGET_OBJECTS:test-support>)
  endif()
  list(APPEND sources ${SUITE_WITH})
  set(objects)
  foreach(floor ${SUITE_FLOORS})
    list(APPEND objects $<TARGET_OBJECTS:floor-${floor}>)
  endforeach()
  add_executable(test-${name} ${sources} ${objects})
  target_include_directories(test-${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
  target_compile_definitions(test-${name} PRIVATE BERTH_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    BERTH_HELPER_PATH="${CMAKE_BINARY_DIR}/libexec/berth-helper")
  target_link_libraries(test-${name} PRIVATE PkgConfig::CRITERION PkgConfig::CURL PkgConfig::SSL PkgConfig::MHD ${LIBRARIES})
  set_target_properties(test-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  unhurried(test-${name})
  add_test(NAME ${name} COMMAND test-${name} --jobs 2)
endfunction()

suite(base FOLDERS tests/base WITH tests/support/certificates.c FLOORS base)
suite(simulation SUPPORT FOLDERS tests/simulation FLOORS base simulation)
suite(blueprints FOLDERS tests/blueprints FLOORS base blueprints)
suite(entities FOLDERS tests/entities FLOORS base blueprints entities)
file(GLOB replay_parts CONFIGURE_DEPENDS tests/policies/replay/*.c)
list(FILTER replay_parts EXCLUDE REGEX "/main\\.c$")
suite(policies FOLDERS tests/policies WITH ${replay_parts} FLOORS base blueprints entities policies)
suite(locations SUPPORT FOLDERS tests/locations tests/conformance WITH tests/base/ssh_server.c tests/base/fixture.c tests/fuzz/openstack_readers.c tests/fuzz/pieces.c
  FLOORS base simulation blueprints entities locations)
suite(engine SUPPORT FOLDERS tests/engine FLOORS base simulation blueprints entities policies locations engine)
suite(api FOLDERS tests/api FLOORS base simulation blueprints entities policies locations engine api)
# Speaks to the engine that BERTH_TEST_DOCKER names, and skips all when it names none.
file(GLOB conformance_sources CONFIGURE_DEPENDS tests/conformance/*.c)
list(FILTER conformance_sources EXCLUDE REGEX "/(test_[^/]*|fake_subject)\\.c$")
suite(docker FOLDERS tests/real/docker WITH ${conformance_sources}
  FLOORS base simulation blueprints entities locations)
# The program without its main(), against a library that does what a script says.
suite(cli FOLDERS tests/cli WITH $<TARGET_OBJECTS:cli>)

# How fast and how small the engine is, whatever the number of components: tests/bench/scale runs it.
whole_program(berth-scale tests/bench/scale.c)
# What it costs to keep many alive, and how soon: tests/bench/keep runs it.
whole_program(berth-keep tests/bench/keep.c)
# What sampling costs.
whole_program(berth-sense tests/bench/sense.c)

# What a stand-in costs whoever goes through it.
add_executable(berth-relay tests/bench/relay.c)
target_include_directories(berth-relay PRIVATE ${CMAKE_SOURCE_DIR})
set_target_properties(berth-relay PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# Kills a command at any of its calls, for tests/kill. Of a kernel's interface of its own: Linux alone.
add_executable(stop-at tests/kill/stop_at.c)
target_link_options(stop-at PRIVATE -fno-sanitize=all)
target_compile_options(stop-at PRIVATE -fno-sanitize=all)
set_target_properties(stop-at PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# The simulated OpenStack in real time, for tests/kill.
whole_program(openstack-cloud tests/doubles/openstack/cloud.c)

include(cmake/fuzz.cmake)
