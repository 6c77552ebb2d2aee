# Describes the packages for Debian that `cpack -G DEB` makes of the two components. Configure with
# -DCMAKE_INSTALL_PREFIX=/usr, so that the libraries are in Debian's folder of them. PKG-17 says
# why the packages have these names. scripts/package makes, tests and removes them.
set(runtime_package libgcroots${PROJECT_VERSION_MAJOR})
set(dev_package ${runtime_package}-dev)
# Debian orders 1.0.0~alpha.1 before 1.0.0. The revision is that of the packaging.
string(REPLACE "-" "~" debian_version "${GCROOTS_VERSION}")
set(debian_revision 1)
set(maintainer_name "$ENV{DEBFULLNAME}")
set(maintainer_address "$ENV{DEBEMAIL}")
if(NOT maintainer_name OR NOT maintainer_address)
  set(maintainer_name "Local build of gcroots")
  set(maintainer_address "nobody@example.org")
endif()

# --- Files that only the packages have --------------------------------------
set(debian ${CMAKE_CURRENT_BINARY_DIR}/debian)
file(READ LICENSE licence)
string(REGEX MATCH "As an exception, .*" exception "${licence}")
string(STRIP "${exception}" exception)
string(REGEX REPLACE "\n\n" "\n.\n" exception "${exception}")
string(REPLACE "\n" "\n " exception "${exception}")
# The environment's SOURCE_DATE_EPOCH is the time, if it is set.
string(TIMESTAMP debian_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(packaging/debian/copyright.in ${debian}/copyright @ONLY)
foreach(part runtime dev)
  set(package ${${part}_package})
  configure_file(packaging/debian/changelog.in ${debian}/${package}/changelog.Debian @ONLY)
  configure_file(CHANGELOG.md ${debian}/${package}/changelog COPYONLY)
  string(CONFIGURE [[
    foreach(file changelog changelog.Debian)
      execute_process(COMMAND gzip -9nc INPUT_FILE "@debian@/@package@/${file}"
        OUTPUT_FILE "@debian@/@package@/${file}.gz" COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
  ]] compress @ONLY)
  install(CODE "${compress}" COMPONENT debian_${part} EXCLUDE_FROM_ALL)
  install(FILES ${debian}/copyright ${debian}/${package}/changelog.gz
    ${debian}/${package}/changelog.Debian.gz
    DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${package}
    COMPONENT debian_${part} EXCLUDE_FROM_ALL)
endforeach()

# --- The packages ------------------------------------------------------------
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gcroots)
set(CPACK_PACKAGE_VERSION ${debian_version})
set(CPACK_PACKAGE_CONTACT "${maintainer_name} <${maintainer_address}>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL gcroots_runtime gcroots_dev debian_runtime debian_dev)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${debian_revision})
set(CPACK_DEBIAN_PACKAGE_SOURCE gcroots)
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE ${GCROOTS_HOMEPAGE})
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# CPack indents the lines. The first is the synopsis.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(synopsis "garbage-collected heap for C and C++")
set(explanation
"References to collected objects are handles of 16 bytes. A stale, forged or
foreign handle makes the call fail with a message. It never causes undefined
behaviour. There are generational, copying and reference-counting collectors.
.
This is not the library of the package libgcroots0.
.")

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${runtime_package})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
# Packages of programs need this version or a later one.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
# CPack also writes a postinst and a postrm that call ldconfig, of which lintian warns.
file(WRITE ${debian}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${debian}/triggers)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "${synopsis} - shared library
${explanation}
This package has the shared library.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME ${dev_package})
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "${runtime_package} (= ${debian_version}-${debian_revision}), libc6-dev | libc-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_CONFLICTS libgcroots-dev)
set(CPACK_DEBIAN_DEV_DESCRIPTION "${synopsis} - development files
${explanation}
This package has the headers, the static library, the documents and the files
for pkg-config and CMake.")

include(CPack)
cpack_add_component_group(runtime)
cpack_add_component_group(dev)
foreach(part runtime dev)
  cpack_add_component(gcroots_${part} GROUP ${part})
  cpack_add_component(debian_${part} GROUP ${part})
endforeach()
