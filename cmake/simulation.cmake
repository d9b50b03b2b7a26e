# berth-sim: the shipped engine and drivers in a simulated world; many seeds, judged after every step.
file(GLOB sim_sources CONFIGURE_DEPENDS tests/sim/*.c)
whole_program(berth-sim ${sim_sources})
target_compile_options(berth-sim PRIVATE $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>) # words that are cut are only words
target_link_options(berth-sim PRIVATE -Wl,--wrap=location_driver_of) # what the engine asks of drivers is counted
