/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a ClientHello has its application protocols: RFC 8446, section 4.1.2, and RFC 7301.
 *
 * It judges nothing, mbedTLS does that: what it cannot read it says not to have protocols. Every
 * byte is the peer's, so nothing is read but through a struct bytes, which knows where it ends. */
#include "internal.h"

/* A stretch of bytes not yet read. */
struct bytes {
    const unsigned char *next;
    size_t left;
};

/* Takes the first `length` bytes of `from` into `taken`. Returns whether there are that many. */
static bool take(struct bytes *from, size_t length, struct bytes *taken) {
    if (length > from->left) {
        return false;
    }
    *taken = (struct bytes){from->next, length};
    from->next += length;
    from->left -= length;
    return true;
}

/* Takes a big-endian number of `size` bytes. */
static bool take_number(struct bytes *from, size_t size, size_t *number) {
    struct bytes digits;
    if (!take(from, size, &digits)) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < size; ++i) {
        *number = *number << 8 | digits.next[i];
    }
    return true;
}

/* Takes a vector, whose length stands before it in `length_size` bytes. */
static bool take_vector(struct bytes *from, size_t length_size, struct bytes *vector) {
    size_t length;
    return take_number(from, length_size, &length) && take(from, length, vector);
}

static bool find_extension(struct bytes extensions, size_t wanted, struct bytes *extension) {
    size_t type;
    while (take_number(&extensions, 2, &type) && take_vector(&extensions, 2, extension)) {
        if (type == wanted) {
            return true;
        }
    }
    return false;
}

/* Walks to the extensions of the ClientHello in `record`. */
static bool find_extensions(struct bytes record, struct bytes *extensions) {
    enum { record_type_handshake = 22, message_type_client_hello = 1 };
    size_t record_type;
    size_t message_type;
    struct bytes version;
    struct bytes random;
    struct bytes session_id;
    struct bytes cipher_suites;
    struct bytes compression_methods;
    struct bytes body;
    struct bytes hello;
    return take_number(&record, 1, &record_type) && record_type == record_type_handshake &&
           take(&record, 2, &version) && take_vector(&record, 2, &body) &&
           take_number(&body, 1, &message_type) && message_type == message_type_client_hello &&
           take_vector(&body, 3, &hello) && take(&hello, 2, &version) &&
           take(&hello, 32, &random) && take_vector(&hello, 1, &session_id) &&
           take_vector(&hello, 2, &cipher_suites) && take_vector(&hello, 1, &compression_methods) &&
           take_vector(&hello, 2, extensions);
}

const unsigned char *shim_find_protocols(const unsigned char *record, size_t length,
                                         size_t *protocols_length) {
    enum { extension_type_alpn = 16 };
    struct bytes extensions;
    struct bytes alpn;
    struct bytes protocols;
    if (!find_extensions((struct bytes){record, length}, &extensions) ||
        !find_extension(extensions, extension_type_alpn, &alpn) ||
        !take_vector(&alpn, 2, &protocols)) {
        return NULL;
    }
    *protocols_length = protocols.left;
    return protocols.next;
}
