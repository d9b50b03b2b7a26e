# policy-replay: series of recorded decisions through the policies; tells those that differ. Built with the program.
file(GLOB replay_sources CONFIGURE_DEPENDS tests/policies/replay/*.c)
add_executable(policy-replay ${replay_sources} $<TARGET_OBJECTS:floor-base> $<TARGET_OBJECTS:floor-blueprints>
  $<TARGET_OBJECTS:floor-entities> $<TARGET_OBJECTS:floor-policies>)
target_include_directories(policy-replay PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(policy-replay PRIVATE ${LIBRARIES})
set_target_properties(policy-replay PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
