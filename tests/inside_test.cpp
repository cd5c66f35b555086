// SPDX-License-Identifier: Apache-2.0
//
// Who asks to see inside mbedTLS is linked with parts of it that AddressSanitizer watches, who does
// not ask is not (cmake/MbedtlsInside.cmake). The same objects are linked both ways; which of the
// two facts a program is to show is said by its filter.

#include <gtest/gtest.h>

#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>
#include <sanitizer/asan_interface.h>

namespace {
// Poisoned is what nobody may read; only code that was compiled with the sanitizer finds out.

std::size_t let_tls_read_what_is_poisoned() {
    static mbedtls_ssl_context context{};
    ASAN_POISON_MEMORY_REGION(&context, sizeof context);
    const std::size_t available = mbedtls_ssl_get_bytes_avail(&context);
    ASAN_UNPOISON_MEMORY_REGION(&context, sizeof context);
    return available;
}

int let_x509_read_what_is_poisoned() {
    static mbedtls_x509_buf serial{};
    char text[8] = "";
    ASAN_POISON_MEMORY_REGION(&serial, sizeof serial);
    const int written = mbedtls_x509_serial_gets(text, sizeof text, &serial);
    ASAN_UNPOISON_MEMORY_REGION(&serial, sizeof serial);
    return written;
}

TEST(WhoSeesInside, sees_what_tls_reads) {
    EXPECT_DEATH((void)let_tls_read_what_is_poisoned(), "use-after-poison");
}

TEST(WhoSeesInside, sees_what_x509_reads) {
    EXPECT_DEATH((void)let_x509_read_what_is_poisoned(), "use-after-poison");
}

TEST(WhoDoesNot, sees_neither) {
    EXPECT_EQ(let_tls_read_what_is_poisoned(), 0U);
    EXPECT_EQ(let_x509_read_what_is_poisoned(), 0);
}
}  // namespace
