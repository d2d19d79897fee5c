# entente_proto_library(NAME exchange PROTOS entente/exchange/v1/x.proto … [GRPC] [ROOT folder] DEPS entente::google_rpc)
# generates C++ into build/gen and makes entente::<NAME>_proto (messages) and, with GRPC,
# entente::<NAME>_grpc (service stubs). Paths are relative to proto/,
# or to ROOT, whose files may import those of proto/ and are generated into the caller's own folder.

set(ENTENTE_PROTO_DIR ${CMAKE_SOURCE_DIR}/proto)
set(ENTENTE_GEN_DIR ${CMAKE_BINARY_DIR}/gen)
file(MAKE_DIRECTORY ${ENTENTE_GEN_DIR})

function(entente_proto_library)
  cmake_parse_arguments(ARG "GRPC" "NAME;ROOT" "PROTOS;DEPS" ${ARGN})
  set(gen ${ENTENTE_GEN_DIR})
  if(ARG_ROOT)
    set(gen ${CMAKE_CURRENT_BINARY_DIR}/gen)
    file(MAKE_DIRECTORY ${gen})
  else()
    set(ARG_ROOT ${ENTENTE_PROTO_DIR})
  endif()
  set(srcs)
  set(grpc_srcs)
  foreach(proto ${ARG_PROTOS})
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(out ${gen}/${stem}.pb.cc ${gen}/${stem}.pb.h)
    set(flags)
    if(ARG_GRPC)
      list(APPEND out ${gen}/${stem}.grpc.pb.cc ${gen}/${stem}.grpc.pb.h)
      list(APPEND grpc_srcs ${gen}/${stem}.grpc.pb.cc)
      set(flags --grpc_out=${gen}
                --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    endif()
    add_custom_command(OUTPUT ${out}
      COMMAND protobuf::protoc -I ${ARG_ROOT} -I ${ENTENTE_PROTO_DIR} --cpp_out=${gen} ${flags} ${proto}
      DEPENDS ${ARG_ROOT}/${proto} WORKING_DIRECTORY ${ENTENTE_PROTO_DIR} VERBATIM)
    list(APPEND srcs ${gen}/${stem}.pb.cc)
  endforeach()
  add_library(entente_${ARG_NAME}_proto STATIC ${srcs})
  target_include_directories(entente_${ARG_NAME}_proto SYSTEM PUBLIC $<BUILD_INTERFACE:${gen}>
    $<INSTALL_INTERFACE:${ENTENTE_SDK_INCLUDE_DIR}>)
  # Generated files use the same names for their static data, so each is compiled alone.
  set_target_properties(entente_${ARG_NAME}_proto PROPERTIES EXPORT_NAME ${ARG_NAME}_proto UNITY_BUILD OFF)
  target_link_libraries(entente_${ARG_NAME}_proto PUBLIC protobuf::libprotobuf ${ARG_DEPS})
  add_library(entente::${ARG_NAME}_proto ALIAS entente_${ARG_NAME}_proto)
  if(ARG_GRPC AND NOT ENTENTE_CORE_ONLY)
    add_library(entente_${ARG_NAME}_grpc STATIC ${grpc_srcs})
    target_link_libraries(entente_${ARG_NAME}_grpc PUBLIC entente_${ARG_NAME}_proto gRPC::grpc++)
    set_target_properties(entente_${ARG_NAME}_grpc PROPERTIES EXPORT_NAME ${ARG_NAME}_grpc)
    add_library(entente::${ARG_NAME}_grpc ALIAS entente_${ARG_NAME}_grpc)
  endif()
endfunction()
