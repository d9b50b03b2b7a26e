# The library, the program and the helper, made from the floors.
set(LIBRARIES PkgConfig::UV PkgConfig::JANSSON PkgConfig::YAML PkgConfig::SQLITE PkgConfig::CRYPTO ${CMAKE_DL_LIBS} pthread)
set(OBJECTS)
foreach(name ${FLOORS})
  list(APPEND OBJECTS $<TARGET_OBJECTS:floor-${name}>)
endforeach()

# A program of these sources and all floors, for those who build: it is not installed.
function(whole_program name)
  add_executable(${name} ${ARGN} ${OBJECTS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(${name} PRIVATE ${LIBRARIES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

# libberth.so exports berth_* alone.
add_library(berth-shared SHARED ${OBJECTS})
target_link_libraries(berth-shared PRIVATE ${LIBRARIES})
target_link_options(berth-shared PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/berth.map)
set_target_properties(berth-shared PROPERTIES OUTPUT_NAME berth VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/berth.map)

# libberth.a: one object whose hidden names are local, so that they never meet its host's.
set(BERTH_ARCHIVE ${CMAKE_BINARY_DIR}/libberth.a)
add_custom_command(OUTPUT ${BERTH_ARCHIVE}
  COMMAND ${CMAKE_COMMAND} -E rm -f ${BERTH_ARCHIVE}
  COMMAND ${CMAKE_LINKER} -r -o ${CMAKE_BINARY_DIR}/libberth.o ${OBJECTS}
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${CMAKE_BINARY_DIR}/libberth.o
  COMMAND ${CMAKE_AR} rcs ${BERTH_ARCHIVE} ${CMAKE_BINARY_DIR}/libberth.o
  DEPENDS ${OBJECTS} COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(berth-archive ALL DEPENDS ${BERTH_ARCHIVE})
add_library(berth-static STATIC IMPORTED GLOBAL)
set_target_properties(berth-static PROPERTIES IMPORTED_LOCATION ${BERTH_ARCHIVE})
target_link_libraries(berth-static INTERFACE ${LIBRARIES})
add_dependencies(berth-static berth-archive)

# A library's archive, by the first of these names that there is one of; else the shared library.
function(archive_or_library result shared)
  foreach(name ${ARGN})
    find_library(ARCHIVE_${name} NAMES lib${name}.a)
    if(ARCHIVE_${name})
      set(${result} ${ARCHIVE_${name}} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${result} ${shared} PARENT_SCOPE)
endfunction()
archive_or_library(UV_ARCHIVE PkgConfig::UV uv_a uv)
archive_or_library(JANSSON_ARCHIVE PkgConfig::JANSSON jansson)
archive_or_library(YAML_ARCHIVE PkgConfig::YAML yaml)
archive_or_library(SQLITE_ARCHIVE PkgConfig::SQLITE sqlite3)
archive_or_library(CRYPTO_ARCHIVE PkgConfig::CRYPTO crypto)

# The program takes the archives of its libraries where they are: it starts in a third of the time and a third of the
# memory (libcurl is loaded when HTTP is first spoken).
set(PROGRAM_LIBRARIES ${UV_ARCHIVE} ${JANSSON_ARCHIVE} ${YAML_ARCHIVE} ${SQLITE_ARCHIVE} ${CRYPTO_ARCHIVE}
  ${CMAKE_DL_LIBS} pthread m)
if(BERTH_SANITIZE)
  set(PROGRAM_LIBRARIES ${LIBRARIES})
endif()

# All of it but main() is what its tests are made of as well.
file(GLOB cli_sources CONFIGURE_DEPENDS cli/*.c)
list(FILTER cli_sources EXCLUDE REGEX "/main\\.c$")
add_library(cli OBJECT ${cli_sources})
target_include_directories(cli PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(cli PRIVATE ${LIBRARIES})
add_executable(berth cli/main.c $<TARGET_OBJECTS:cli>)
target_include_directories(berth PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
add_dependencies(berth berth-archive)
target_link_libraries(berth PRIVATE ${BERTH_ARCHIVE} ${PROGRAM_LIBRARIES})
set_target_properties(berth PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR} LINK_DEPENDS ${BERTH_ARCHIVE})

# The manual and the completions are printed by the program, from the tables that it parses by.
if(NOT CMAKE_CROSSCOMPILING)
  set(PRINTED ${CMAKE_BINARY_DIR}/share)
  add_custom_command(OUTPUT ${PRINTED}/done
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${PRINTED}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PRINTED}/completions
    COMMAND berth __manual man ${PRINTED}/man
    COMMAND berth completion bash > ${PRINTED}/completions/berth
    COMMAND berth completion zsh > ${PRINTED}/completions/_berth
    COMMAND berth completion fish > ${PRINTED}/completions/berth.fish
    COMMAND ${CMAKE_COMMAND} -E touch ${PRINTED}/done
    DEPENDS berth COMMENT "Printing the manual and the completions" VERBATIM)
  add_custom_target(berth-printed ALL DEPENDS ${PRINTED}/done)
  install(DIRECTORY ${PRINTED}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
  install(FILES ${PRINTED}/completions/berth DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${PRINTED}/completions/_berth DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${PRINTED}/completions/berth.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

file(GLOB helper_sources CONFIGURE_DEPENDS helper/*.c)
function(helper name)
  add_executable(${name} ${helper_sources})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/libexec
    POSITION_INDEPENDENT_CODE OFF)
endfunction()
helper(berth-helper)
if(NOT BERTH_SANITIZE)
  target_link_options(berth-helper PRIVATE -static)
else()
  # The sanitizers' runtime cannot be linked statically, and in a container there are no libraries: the tests take
  # this one there.
  set(NOTHING_ELSE -fno-sanitize=all -fno-profile-arcs -fno-test-coverage)
  helper(berth-helper-static)
  target_compile_options(berth-helper-static PRIVATE ${NOTHING_ELSE})
  target_link_options(berth-helper-static PRIVATE -static ${NOTHING_ELSE})
endif()

# From the folder of berth.pc itself, which --prefix and a package may have put anywhere.
file(RELATIVE_PATH PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH PC_TO_LIB ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH PC_TO_INCLUDE ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(cmake/berth.pc.in ${CMAKE_BINARY_DIR}/berth.pc @ONLY)
install(TARGETS berth-shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${BERTH_ARCHIVE} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/berth DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_BINARY_DIR}/berth.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(TARGETS berth RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS berth-helper RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/berth)

if(BERTH_TESTS)
  include(cmake/tests.cmake)
endif()
