# Kernel files are compiled for one instruction set each; which of them runs is decided at run time.
# dev/cpu/*_avx2.c and *_avx512.c carry the level in their names.
file(GLOB HONE_AVX2 ${CMAKE_SOURCE_DIR}/src/dev/cpu/*_avx2.c)
file(GLOB HONE_AVX512 ${CMAKE_SOURCE_DIR}/src/dev/cpu/*_avx512.c)
set_source_files_properties(${HONE_AVX2} PROPERTIES COMPILE_OPTIONS "-O3;-mavx2;-mfma;-mf16c")
set_source_files_properties(${HONE_AVX512} PROPERTIES COMPILE_OPTIONS
  "-O3;-mavx512f;-mavx512bw;-mavx512vl;-mavx512dq;-mavx2;-mfma;-mf16c;-mprefer-vector-width=512")
set_source_files_properties(${HONE_AVX2} ${HONE_AVX512} TARGET_DIRECTORY hn_dev PROPERTIES SKIP_LINTING ON)

if(HONE_SANITIZE)
  target_compile_definitions(hn_dev PUBLIC HONE_SANITIZED)
endif()

# oneDNN: a second filling of the GEMM slot, in dev/cpu/gemm_onednn.c alone.
if(NOT HONE_ONEDNN STREQUAL "OFF")
  # Found by hand: the package's own CMake file insists on OpenCL headers, which nothing here needs.
  find_path(HONE_DNNL_INCLUDE oneapi/dnnl/dnnl.h)
  find_library(HONE_DNNL_LIBRARY dnnl)
  if(HONE_DNNL_INCLUDE AND HONE_DNNL_LIBRARY)
    target_compile_definitions(hn_dev PUBLIC HONE_HAVE_ONEDNN)
    target_include_directories(hn_dev PRIVATE ${HONE_DNNL_INCLUDE})
    target_link_libraries(hn_dev PUBLIC ${HONE_DNNL_LIBRARY} ${CMAKE_DL_LIBS})
  elseif(HONE_ONEDNN STREQUAL "ON")
    message(FATAL_ERROR "HONE_ONEDNN=ON, but oneDNN is not found: install libdnnl-dev")
  endif()
endif()

# The GEMM in the shape of AVX-512 on AVX2 vectors, for the tests; and the GEMM benchmark.
if(HONE_TESTS)
  add_library(hn_gemmwide STATIC EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/tests/kernels/gemm_wide_avx2.c
    ${CMAKE_SOURCE_DIR}/tests/kernels/fast_wide_avx2.c)
  target_compile_options(hn_gemmwide PRIVATE ${HONE_WARNINGS} -O3 -mavx2 -mfma -mf16c)
  target_link_libraries(hn_gemmwide PUBLIC hn_dev)
endif()
add_executable(bench_gemm ${CMAKE_SOURCE_DIR}/bench/bench_gemm.c)
target_compile_options(bench_gemm PRIVATE ${HONE_WARNINGS})
target_link_libraries(bench_gemm PRIVATE hn_dev hn_base m)
