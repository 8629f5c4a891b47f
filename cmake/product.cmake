# What users get: the program, the library (static and shared), header, pkg-config file, completion.
if(TARGET hn_check)
  set(HONE_CHECK hn_check)
endif()
hone_room(api ${HONE_CHECK} hn_train hn_gen hn_model hn_objective hn_data hn_text hn_base)
hone_room(cli hn_api)

set(HONE_LIB_ROOMS api train gen model check objective nn grad data text io dev base)
set(HONE_OBJECTS "")
foreach(room ${HONE_LIB_ROOMS})
  if(TARGET hn_${room})
    get_target_property(sources hn_${room} SOURCES)
    list(APPEND HONE_OBJECTS ${sources})
  endif()
endforeach()

# The program links the rooms; the libraries hold all of them in one file.
add_executable(hone $<TARGET_PROPERTY:hn_cli,SOURCES>)
target_compile_options(hone PRIVATE ${HONE_WARNINGS})
target_link_libraries(hone PRIVATE hn_api)
set(HONE_DEPENDS PkgConfig::JSONC PkgConfig::YAML PkgConfig::PCRE2 PkgConfig::UTF8PROC PkgConfig::ZLIB PkgConfig::ZSTD
    PkgConfig::XXHASH ${SNAPPY_LIBRARY} Threads::Threads m)

add_library(hone_shared SHARED ${CMAKE_SOURCE_DIR}/cmake/empty.c)
foreach(room ${HONE_LIB_ROOMS})
  if(TARGET hn_${room})
    target_link_libraries(hone_shared PRIVATE -Wl,--whole-archive hn_${room} -Wl,--no-whole-archive)
  endif()
endforeach()
target_link_libraries(hone_shared PRIVATE ${HONE_DEPENDS})
set_target_properties(hone_shared PROPERTIES OUTPUT_NAME hone VERSION ${PROJECT_VERSION} SOVERSION 0)

set(HONE_ARCHIVE ${CMAKE_BINARY_DIR}/libhone.a)
set(HONE_ARCHIVES "")
foreach(room ${HONE_LIB_ROOMS})
  if(TARGET hn_${room})
    list(APPEND HONE_ARCHIVES $<TARGET_FILE:hn_${room}>)
    list(APPEND HONE_ARCHIVE_TARGETS hn_${room})
  endif()
endforeach()
add_custom_command(OUTPUT ${HONE_ARCHIVE}
  COMMAND ${CMAKE_COMMAND} -DAR=${CMAKE_AR} -DOUT=${HONE_ARCHIVE} "-DIN=${HONE_ARCHIVES}" -P ${CMAKE_SOURCE_DIR}/cmake/merge.cmake
  DEPENDS ${HONE_ARCHIVE_TARGETS} ${CMAKE_SOURCE_DIR}/cmake/merge.cmake VERBATIM)
add_custom_target(hone_static ALL DEPENDS ${HONE_ARCHIVE})

set(HONE_PC_PRIVATE "json-c yaml-0.1 libpcre2-8 libutf8proc zlib libzstd libxxhash")
include(GNUInstallDirs)
configure_file(${CMAKE_SOURCE_DIR}/cmake/hone.pc.in ${CMAKE_BINARY_DIR}/hone.pc @ONLY)
install(TARGETS hone hone_shared)
install(FILES ${HONE_ARCHIVE} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${CMAKE_SOURCE_DIR}/include/hone.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_BINARY_DIR}/hone.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
add_custom_command(TARGET hone POST_BUILD COMMAND hone completion bash > ${CMAKE_BINARY_DIR}/hone.bash VERBATIM)
install(FILES ${CMAKE_BINARY_DIR}/hone.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME hone)

# Examples are built with the product, so that they cannot rot.
file(GLOB HONE_EXAMPLES ${CMAKE_SOURCE_DIR}/examples/*.c ${CMAKE_SOURCE_DIR}/examples/*.cpp)
foreach(source ${HONE_EXAMPLES})
  get_filename_component(name ${source} NAME)
  string(REPLACE "." "_" name "example_${name}")
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(${name} PRIVATE hone_shared)
endforeach()
