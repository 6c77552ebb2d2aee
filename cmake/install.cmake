# Says where `cmake --install` puts each file. The installed files find each other by relative
# paths, and none contains the prefix. So the installed tree can be moved.
#
# There are two components. gcroots_runtime is what programs need when they run, gcroots_dev is
# everything else.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/installed)
set(pkgconfig_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/gcroots)

# --- Another library of this name -------------------------------------------
# Debian has one (PKG-8). Three of its files would be replaced in its folder of libraries. All
# three are in gcroots_dev.
install(CODE "set(libdir \"${CMAKE_INSTALL_LIBDIR}\")" COMPONENT gcroots_dev)
install(CODE [[
  cmake_path(ABSOLUTE_PATH libdir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}")
  set(present "$ENV{DESTDIR}${libdir}/pkgconfig/gcroots.pc")
  if(EXISTS "${present}")
    file(STRINGS "${present}" name REGEX "^Name: gcroots$")
    if(NOT name)
      message(FATAL_ERROR "${present} belongs to another library called gcroots, and nothing "
        "is installed. Set another prefix, or CMAKE_INSTALL_LIBDIR to a folder in ${libdir}.")
    endif()
  endif()
]] COMPONENT gcroots_dev)

# --- The library -----------------------------------------------------------
# A folder of its own, since the other library has a gcroots.h too.
set(header_folder gcroots-${PROJECT_VERSION_MAJOR})
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${header_folder}
  COMPONENT gcroots_dev FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
# Debian's shared objects are not executable. CMake sets this variable there.
set(kind PROGRAMS)
if(CMAKE_INSTALL_SO_NO_EXE)
  set(kind FILES)
endif()
install(${kind} ${library_folder}/${library_file}
  DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT gcroots_runtime)
install(FILES ${library_folder}/${soname}
  DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT gcroots_runtime)
install(FILES ${library_folder}/libgcroots.so ${library_folder}/libgcroots.a
  ${library_folder}/libgcroots-static.a
  DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT gcroots_dev)
# CMAKE_INSTALL_DOCDIR may belong to an outer project, so it is not used.
set(doc_folder ${CMAKE_INSTALL_DATAROOTDIR}/doc/gcroots)
install(FILES LICENSE README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md
  DESTINATION ${doc_folder} COMPONENT gcroots_dev)
# README and the headers point to these files. examples/externref is left out, because it needs
# an interpreter that is not installed, examples/compiled, which has assembly, and examples/scheme, which
# reads its prelude and programs from the source.
install(DIRECTORY docs examples DESTINATION ${doc_folder} COMPONENT gcroots_dev
  FILES_MATCHING PATTERN "externref" EXCLUDE PATTERN "scheme" EXCLUDE
  PATTERN "compiled" EXCLUDE PATTERN "*.md" PATTERN "*.c" PATTERN "*.cpp"
  PATTERN "*.h" PATTERN "*.hpp")
# The documents link to headers in this folder.
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR
  BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE headers)
file(RELATIVE_PATH headers ${CMAKE_INSTALL_PREFIX}/${doc_folder} ${headers}/${header_folder})
file(MAKE_DIRECTORY ${generated})
file(CREATE_LINK ${headers} ${generated}/include SYMBOLIC)
install(FILES ${generated}/include DESTINATION ${doc_folder} COMPONENT gcroots_dev)

# --- For pkg-config --------------------------------------------------------
# Each of the two folders may be an absolute path.
foreach(folder LIBDIR INCLUDEDIR)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_${folder}
    BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE full_${folder})
endforeach()
file(RELATIVE_PATH path_to_prefix ${full_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH path_to_headers ${full_LIBDIR}/pkgconfig ${full_INCLUDEDIR})
list(JOIN archive_needs " " archive_flags)
# PKG-16: without an address of the project, the documents.
set(url ${GCROOTS_HOMEPAGE})
if(NOT url)
  set(url "file://\${prefix}/${doc_folder}")
endif()
foreach(file gcroots.pc gcroots-static.pc)
  configure_file(cmake/${file}.in ${generated}/${file} @ONLY)
  install(FILES ${generated}/${file} DESTINATION ${pkgconfig_folder} COMPONENT gcroots_dev)
endforeach()

# --- For find_package ------------------------------------------------------
configure_package_config_file(cmake/gcrootsConfig.cmake.in ${generated}/gcrootsConfig.cmake
  INSTALL_DESTINATION ${package_folder}
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
# The same rule as for the SONAME: libraries with the same major version are compatible.
write_basic_package_version_file(${generated}/gcrootsConfigVersion.cmake
  VERSION ${GCROOTS_VERSION} COMPATIBILITY SameMajorVersion)
install(FILES ${generated}/gcrootsConfig.cmake ${generated}/gcrootsConfigVersion.cmake
  DESTINATION ${package_folder} COMPONENT gcroots_dev)
