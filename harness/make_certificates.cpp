// SPDX-License-Identifier: Apache-2.0
//
// Makes the certificates and keys of the real seam, at build time, with mbedTLS's own writer:
//
//   make_certificates FILE    writes them to FILE, as C++ (harness/certificates.cpp includes it)
//
// The same mbedTLS writes the same bytes every time: chance is a fixed sequence, serials and dates
// are fixed, and RSA signatures of this kind have no chance in them. None of these keys protects
// anything.

#include <mbedtls/asn1write.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

// A handshake costs one operation with a private key, and one of 2048 bits costs twenty times as
// much. A signature with SHA-256 has room in no fewer bits. That mbedTLS would not trust keys so
// short by itself is seen to in quick_session.cpp.
constexpr unsigned key_bits = 512;
constexpr int key_exponent = 65537;

// simulated_date (harness/determinism.hpp), 2023-11-14, lies in the first and not in the second.
constexpr const char* valid_from = "20230101000000";
constexpr const char* valid_to = "20331231235959";
constexpr const char* expired_to = "20230601000000";

constexpr std::size_t text_size_max = 8192;

int must(int code, const char* function) {
    if (code < 0) {
        std::fprintf(stderr, "make_certificates: %s: -0x%x\n", function,
                     static_cast<unsigned>(-code));
        std::exit(1);
    }
    return code;
}

// SplitMix64, as in scenario/draw.cpp.
int chance(void* state, unsigned char* bytes, std::size_t size) {
    auto& counter = *static_cast<std::uint64_t*>(state);
    for (std::size_t i = 0; i < size; ++i) {
        counter += 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = counter;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
        bytes[i] = static_cast<unsigned char>((mixed ^ (mixed >> 31)) & 0xff);
    }
    return 0;
}

using Bytes = std::vector<unsigned char>;

// ---- keys ----

struct Number {
    Number() { mbedtls_mpi_init(&mpi); }
    ~Number() { mbedtls_mpi_free(&mpi); }
    Number(const Number&) = delete;
    Number& operator=(const Number&) = delete;

    mbedtls_mpi mpi{};
};

// A prime of half a key's length, of which the exponent does not divide the predecessor.
void draw_prime(Number& prime, std::uint64_t& seed) {
    mbedtls_mpi_uint remainder = 1;
    do {
        must(mbedtls_mpi_gen_prime(&prime.mpi, key_bits / 2, 0, chance, &seed),
             "mbedtls_mpi_gen_prime");
        must(mbedtls_mpi_mod_int(&remainder, &prime.mpi, key_exponent), "mbedtls_mpi_mod_int");
    } while (remainder == 1);
}

// mbedtls_rsa_gen_key makes no key so short since mbedTLS 3.
void generate(mbedtls_rsa_context& rsa, std::uint64_t seed) {
    Number p;
    Number q;
    Number exponent;
    draw_prime(p, seed);
    draw_prime(q, seed);
    must(mbedtls_mpi_lset(&exponent.mpi, key_exponent), "mbedtls_mpi_lset");
    must(mbedtls_rsa_import(&rsa, nullptr, &p.mpi, &q.mpi, nullptr, &exponent.mpi),
         "mbedtls_rsa_import");
    must(mbedtls_rsa_complete(&rsa), "mbedtls_rsa_complete");
}

class Key {
public:
    explicit Key(std::uint64_t seed) {
        mbedtls_pk_init(&pk_);
        must(mbedtls_pk_setup(&pk_, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)), "mbedtls_pk_setup");
        generate(*mbedtls_pk_rsa(pk_), seed);
    }
    ~Key() { mbedtls_pk_free(&pk_); }
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;

    [[nodiscard]] mbedtls_pk_context& pk() { return pk_; }

    [[nodiscard]] Bytes pem() {
        std::array<unsigned char, text_size_max> text{};
        must(mbedtls_pk_write_key_pem(&pk_, text.data(), text.size()), "mbedtls_pk_write_key_pem");
        return {text.begin(), text.begin() + std::strlen(reinterpret_cast<char*>(text.data())) + 1};
    }

    [[nodiscard]] Bytes der() {
        std::array<unsigned char, text_size_max> bytes{};
        const int size = must(mbedtls_pk_write_key_der(&pk_, bytes.data(), bytes.size()),
                              "mbedtls_pk_write_key_der");
        return {bytes.end() - size, bytes.end()};
    }

private:
    mbedtls_pk_context pk_{};
};

// ---- certificates ----

enum class Use { authority, server, client };

struct Certificate {
    std::string subject;  // and the host it names, of a server
    Key& key;
    std::string issuer;
    Key& issuer_key;
    std::uint8_t serial;
    Use use;
    const char* not_after = valid_to;
};

class Writer {
public:
    explicit Writer(const Certificate& made) : made_{made} {
        mbedtls_x509write_crt_init(&crt_);
        mbedtls_x509write_crt_set_version(&crt_, MBEDTLS_X509_CRT_VERSION_3);
        mbedtls_x509write_crt_set_md_alg(&crt_, MBEDTLS_MD_SHA256);
        mbedtls_x509write_crt_set_subject_key(&crt_, &made.key.pk());
        mbedtls_x509write_crt_set_issuer_key(&crt_, &made.issuer_key.pk());
        set_serial();
        must(mbedtls_x509write_crt_set_subject_name(&crt_, ("CN=" + made.subject).c_str()),
             "mbedtls_x509write_crt_set_subject_name");
        must(mbedtls_x509write_crt_set_issuer_name(&crt_, ("CN=" + made.issuer).c_str()),
             "mbedtls_x509write_crt_set_issuer_name");
        must(mbedtls_x509write_crt_set_validity(&crt_, valid_from, made.not_after),
             "mbedtls_x509write_crt_set_validity");
        set_use();
    }
    ~Writer() { mbedtls_x509write_crt_free(&crt_); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    [[nodiscard]] Bytes der() {
        std::array<unsigned char, text_size_max> bytes{};
        std::uint64_t state = 0;
        const int size =
            must(mbedtls_x509write_crt_der(&crt_, bytes.data(), bytes.size(), chance, &state),
                 "mbedtls_x509write_crt_der");
        return {bytes.end() - size, bytes.end()};
    }

    [[nodiscard]] Bytes pem() {
        std::array<unsigned char, text_size_max> text{};
        std::uint64_t state = 0;
        must(mbedtls_x509write_crt_pem(&crt_, text.data(), text.size(), chance, &state),
             "mbedtls_x509write_crt_pem");
        return {text.begin(), text.begin() + std::strlen(reinterpret_cast<char*>(text.data())) + 1};
    }

private:
    void set_serial() {
#if MBEDTLS_VERSION_NUMBER >= 0x03040000
        std::uint8_t serial = made_.serial;
        must(mbedtls_x509write_crt_set_serial_raw(&crt_, &serial, 1),
             "mbedtls_x509write_crt_set_serial_raw");
#else
        mbedtls_mpi serial;
        mbedtls_mpi_init(&serial);
        must(mbedtls_mpi_lset(&serial, made_.serial), "mbedtls_mpi_lset");
        must(mbedtls_x509write_crt_set_serial(&crt_, &serial), "mbedtls_x509write_crt_set_serial");
        mbedtls_mpi_free(&serial);
#endif
    }

    void set_use() {
        const bool authority = made_.use == Use::authority;
        must(mbedtls_x509write_crt_set_basic_constraints(&crt_, authority ? 1 : 0, -1),
             "mbedtls_x509write_crt_set_basic_constraints");
        must(mbedtls_x509write_crt_set_key_usage(&crt_, authority
                                                            ? MBEDTLS_X509_KU_KEY_CERT_SIGN
                                                            : MBEDTLS_X509_KU_DIGITAL_SIGNATURE |
                                                                  MBEDTLS_X509_KU_KEY_ENCIPHERMENT),
             "mbedtls_x509write_crt_set_key_usage");
        if (authority) {
            return;
        }
        if (made_.use == Use::server) {
            set_extended_key_usage(MBEDTLS_OID_SERVER_AUTH,
                                   MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH));
            set_host();
        } else {
            set_extended_key_usage(MBEDTLS_OID_CLIENT_AUTH,
                                   MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH));
        }
    }

    // mbedTLS 2.28 writes neither of the next two extensions by itself: a sequence of one element.
    void set_extension(const char* oid, std::size_t oid_size, unsigned char element_tag,
                       const void* element, std::size_t element_size) {
        Bytes value{MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE,
                    static_cast<unsigned char>(element_size + 2), element_tag,
                    static_cast<unsigned char>(element_size)};
        const auto* bytes = static_cast<const unsigned char*>(element);
        value.insert(value.end(), bytes, bytes + element_size);
        must(mbedtls_x509write_crt_set_extension(&crt_, oid, oid_size, 0, value.data(),
                                                 value.size()),
             "mbedtls_x509write_crt_set_extension");
    }

    void set_extended_key_usage(const char* purpose, std::size_t size) {
        set_extension(MBEDTLS_OID_EXTENDED_KEY_USAGE,
                      MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), MBEDTLS_ASN1_OID, purpose,
                      size);
    }

    void set_host() {
        constexpr unsigned char dns_name = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2;
        set_extension(MBEDTLS_OID_SUBJECT_ALT_NAME, MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME),
                      dns_name, made_.subject.data(), made_.subject.size());
    }

    const Certificate& made_;
    mbedtls_x509write_cert crt_{};
};

// ---- the file ----

void print(std::FILE* file, const std::string& name, const Bytes& bytes) {
    constexpr std::size_t bytes_per_line = 16;
    std::fprintf(file, "constexpr std::uint8_t %s[] = {", name.c_str());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::fprintf(file, "%s0x%02x,", i % bytes_per_line == 0 ? "\n    " : " ", bytes[i]);
    }
    std::fputs("\n};\n", file);
}

// The NUL behind the PEM forms is part of them.
void print(std::FILE* file, const std::string& name, const Certificate& certificate) {
    Writer writer{certificate};
    print(file, name + "_pem", writer.pem());
    print(file, name + "_der", writer.der());
}

void print(std::FILE* file, const std::string& name, Key& key) {
    print(file, name + "_pem", key.pem());
    print(file, name + "_der", key.der());
}

void print_leaves(std::FILE* file, const std::string& who, Use use, Key& key, Key& root_key,
                  std::uint8_t serial) {
    const std::string host = "server.test";
    const auto next = [&] { return serial++; };
    print(file, who + "_good", {host, key, "root", root_key, next(), use});
    print(file, who + "_self_signed", {host, key, host, key, next(), use});
    print(file, who + "_expired", {host, key, "root", root_key, next(), use, expired_to});
    print(file, who + "_wrong_host", {"other.test", key, "root", root_key, next(), use});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: make_certificates FILE\n", stderr);
        return 2;
    }
    std::FILE* file = std::fopen(argv[1], "w");
    if (file == nullptr) {
        std::fprintf(stderr, "make_certificates: %s cannot be written\n", argv[1]);
        return 1;
    }
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C)
    must(psa_crypto_init(), "psa_crypto_init");
#endif
    Key root_key{1};
    Key wrong_key{2};
    Key server_key{3};
    Key client_key{4};
    // Both authorities have one name: only the signature tells them apart.
    print(file, "root", {"root", root_key, "root", root_key, 1, Use::authority});
    print(file, "wrong_root", {"root", wrong_key, "root", wrong_key, 2, Use::authority});
    print(file, "server_key", server_key);
    print(file, "client_key", client_key);
    print_leaves(file, "server", Use::server, server_key, root_key, 16);
    print_leaves(file, "client", Use::client, client_key, root_key, 32);
    if (std::fclose(file) != 0) {
        std::fprintf(stderr, "make_certificates: %s cannot be written\n", argv[1]);
        return 1;
    }
    return 0;
}
