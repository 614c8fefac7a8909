# Fails if an object of the vector kernels defines a function that the linker may share with other objects (weak and
# outside its own namespace): the whole program could then run a copy made of instructions that the CPU lacks.
#   cmake -DNM=nm -DOBJECTS=a.o,b.o -P own_symbols.cmake
string(REPLACE "," ";" objects "${OBJECTS}")
foreach(object ${objects})
  execute_process(COMMAND ${NM} -C --defined-only ${object} OUTPUT_VARIABLE symbols RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "nm failed on ${object}")
  endif()
  string(REPLACE "\n" ";" lines "${symbols}")
  foreach(line ${lines})
    if(line MATCHES " [WVu] " AND NOT line MATCHES "attune::kernels::(avx2|avx512|avx512_bf16|amx)::")
      message(SEND_ERROR "${object} may replace shared code: ${line}")
    endif()
  endforeach()
endforeach()
