# marathon-read: recorded conversations with Marathon through its client's parsers. Built with the program.
add_executable(marathon-read tests/marathon/read.c $<TARGET_OBJECTS:floor-base> $<TARGET_OBJECTS:floor-blueprints>
  $<TARGET_OBJECTS:floor-entities> $<TARGET_OBJECTS:floor-locations>)
target_include_directories(marathon-read PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(marathon-read PRIVATE ${LIBRARIES})
set_target_properties(marathon-read PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
