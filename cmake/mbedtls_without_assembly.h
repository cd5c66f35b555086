/* SPDX-License-Identifier: Apache-2.0
 *
 * What mbedTLS's configuration ends with where every instruction is to be instrumented
 * (cmake/OwnTree.cmake): no assembly, and none of the parts that are made of it. No public
 * structure depends on these, so who uses the archives need not know.
 */
#undef MBEDTLS_HAVE_ASM
#undef MBEDTLS_AESNI_C
#undef MBEDTLS_AESCE_C
#undef MBEDTLS_PADLOCK_C
