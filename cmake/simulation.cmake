# berth-sim: the shipped engine and drivers in a simulated world; many seeds, judged after every step.
if(TARGET floor-simulation)
  file(GLOB sim_sources CONFIGURE_DEPENDS tests/sim/*.c)
  add_executable(berth-sim ${sim_sources} ${OBJECTS})
  target_include_directories(berth-sim PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
  target_compile_options(berth-sim PRIVATE $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>) # words that are cut are only words
  target_link_libraries(berth-sim PRIVATE ${LIBRARIES})
  target_link_options(berth-sim PRIVATE -Wl,--wrap=location_driver_of) # what the engine asks of drivers is counted
  set_target_properties(berth-sim PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endif()
