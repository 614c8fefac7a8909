# Compiler settings and the two functions that declare a layer and its tests.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(ATTUNE_CCACHE ccache)
if(ATTUNE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ATTUNE_CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(PUGIXML REQUIRED IMPORTED_TARGET pugixml)

add_library(attune_options INTERFACE)
target_compile_options(attune_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  # g++ 12 sees overlaps in std::string::operator+ that are not there (GCC bug 105329).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-error=restrict>
  # -ffp-contract=off: the same source gives the same bits whether or not the compiler may use FMA.
  -ffp-contract=off)
target_include_directories(attune_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(ATTUNE_SANITIZE)
  target_compile_options(attune_options INTERFACE
    -fsanitize=${ATTUNE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(NOT ATTUNE_FUZZ)
    # Tests under a sanitizer are compiled once and run once: these two halve the time to compile (21.7 s to 11.6 s a unit measured).
    target_compile_options(attune_options INTERFACE -O1 -g1)
  endif()
  target_link_options(attune_options INTERFACE -fsanitize=${ATTUNE_SANITIZE})
endif()

# The release, asan and tsan presets compile up to eight sources as one (CMAKE_UNITY_BUILD): a fresh build then takes half the
# time, as most of it went to the same headers again and again. Sources that share a name of their own with a neighbour stay alone.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
if(CMAKE_UNITY_BUILD)
  # In a unity unit every source counts as a header, so types with members of local types warn without reason; and with more code in
  # sight, g++ 12 finds unset members of std::optional that are set (GCC bug 80635). File by file both stay errors.
  target_compile_options(attune_options INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage -Wno-maybe-uninitialized>)
endif()
function(attune_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# attune_layer(name SOURCES a.cc ... [USES lower layers and libraries ...])
function(attune_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  add_library(attune_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(attune_${name} PUBLIC attune_options ${ARG_USES})
endfunction()

# attune_test(layer SOURCES a_test.cc ... [USES ...]): one GoogleTest program a layer, named <layer>_tests.
function(attune_test layer)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  add_executable(${layer}_tests ${ARG_SOURCES})
  target_link_libraries(${layer}_tests PRIVATE ${ARG_USES} GTest::gtest GTest::gmock GTest::gtest_main)
  target_include_directories(${layer}_tests PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${layer}_tests PRIVATE ATTUNE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${layer} COMMAND ${layer}_tests)
endfunction()
