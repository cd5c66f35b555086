// SPDX-License-Identifier: Apache-2.0
//
// Watches the border between lws 4.x and its TLS wrapper: the linker puts these in front of the
// wrapper's functions (the list is in harness/CMakeLists.txt), and each tells what lws can learn
// from the call. Linked only where a dialect is compared; since lws 5.0 there is no such border.

#include "harness/observation.hpp"

#include <cerrno>

using shimfuzz::model::SeenErrno;
using shimfuzz::model::ShimCall;
using shimfuzz::model::SslError;

extern "C" {
struct ssl_st;
int __real_SSL_accept(ssl_st* ssl);
int __real_SSL_connect(ssl_st* ssl);
int __real_SSL_read(ssl_st* ssl, void* bytes, int size);
int __real_SSL_write(ssl_st* ssl, const void* bytes, int size);
int __real_SSL_shutdown(ssl_st* ssl);
int SSL_get_error(const ssl_st* ssl, int returned);
int SSL_want_read(const ssl_st* ssl);
int SSL_want_write(const ssl_st* ssl);
int SSL_pending(const ssl_st* ssl);
}

namespace {

// SSL_ERROR_* of the wrapper's openssl/ssl.h, which are OpenSSL's own.
SslError error_of(int error) noexcept {
    switch (error) {
    case 0:
        return SslError::none;
    case 1:
        return SslError::ssl;
    case 2:
        return SslError::want_read;
    case 3:
        return SslError::want_write;
    case 5:
        return SslError::syscall;
    case 6:
        return SslError::zero_return;
    default:
        return SslError::other;
    }
}

SeenErrno seen(int error) noexcept {
    switch (error) {
    case 0:
        return SeenErrno::zero;
    case EAGAIN:
        return SeenErrno::again;
    case ENOTCONN:
        return SeenErrno::not_connected;
    default:
        return SeenErrno::other;
    }
}

// What lws would learn if it asked now. errno is its to look at, too.
int tell(const ssl_st* ssl, ShimCall call, int size, int returned) noexcept {
    const int errno_left = errno;
    shimfuzz::harness::observe(
        {.kind = shimfuzz::model::LoopEventKind::called,
         .call = call,
         .size = static_cast<std::uint32_t>(size),
         .answer = {.returned = returned,
                    .error = error_of(SSL_get_error(ssl, returned)),
                    .want_read = SSL_want_read(ssl) != 0,
                    .want_write = SSL_want_write(ssl) != 0,
                    .errno_left = seen(errno_left),
                    .pending = static_cast<std::uint32_t>(SSL_pending(ssl))}});
    errno = errno_left;
    return returned;
}

}  // namespace

extern "C" {
int __wrap_SSL_accept(ssl_st* ssl) {
    return tell(ssl, ShimCall::handshake, 0, __real_SSL_accept(ssl));
}

int __wrap_SSL_connect(ssl_st* ssl) {
    return tell(ssl, ShimCall::handshake, 0, __real_SSL_connect(ssl));
}

int __wrap_SSL_read(ssl_st* ssl, void* bytes, int size) {
    return tell(ssl, ShimCall::read, size, __real_SSL_read(ssl, bytes, size));
}

int __wrap_SSL_write(ssl_st* ssl, const void* bytes, int size) {
    return tell(ssl, ShimCall::write, size, __real_SSL_write(ssl, bytes, size));
}

int __wrap_SSL_shutdown(ssl_st* ssl) {
    return tell(ssl, ShimCall::shutdown, 0, __real_SSL_shutdown(ssl));
}
}
