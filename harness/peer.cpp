// SPDX-License-Identifier: Apache-2.0

#include "harness/peer.hpp"

#include "harness/certificates.hpp"
#include "harness/mbedtls_calls.hpp"
#include "harness/payload.hpp"
#include "harness/quick_session.hpp"

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
#include <mbedtls/ssl_ticket.h>
#include <psa/crypto.h>
#endif

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace shimfuzz::harness {
namespace {

constexpr std::uint64_t peer_seed = 2;

// What a peer does in one turn is bounded by what the wire holds; far more than that would be a
// peer that goes round by itself.
constexpr std::uint32_t steps_per_turn_max = 4096;

constexpr std::size_t read_size_max = 16384;

void must(int code, const char* function) noexcept {
    if (code != 0) {
        std::fprintf(stderr, "shimfuzz: the peer could not be made: %s: -0x%x\n", function,
                     static_cast<unsigned>(-code));
        std::abort();
    }
}

int send_on(void* wire, const unsigned char* bytes, std::size_t size) {
    const std::size_t count = static_cast<Wire*>(wire)->peer_sends({bytes, size});
    return count > 0 ? static_cast<int>(count) : MBEDTLS_ERR_SSL_WANT_WRITE;
}

int receive_from(void* wire, unsigned char* bytes, std::size_t size) {
    const std::size_t count = static_cast<Wire*>(wire)->peer_receives({bytes, size});
    return count > 0 ? static_cast<int>(count) : MBEDTLS_ERR_SSL_WANT_READ;
}

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
// PSA keeps the memory in which keys lie once it has some, and gets it with the first key: it would
// be the subject's, and in the account of whatever scenario is the first to need it.
void keep_room_for_keys() noexcept {
    constexpr unsigned char bytes[] = {0};
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, PSA_KEY_TYPE_RAW_DATA);
    mbedtls_svc_key_id_t key = MBEDTLS_SVC_KEY_ID_INIT;
    must(psa_import_key(&attributes, bytes, sizeof bytes, &key), "psa_import_key");
    must(psa_destroy_key(key), "psa_destroy_key");
}
#endif

// mbedTLS 3 wants chance to check a key with.
[[maybe_unused]] SeededChance& key_chance() noexcept {
    static SeededChance chance{peer_seed};
    return chance;
}

}  // namespace

// Context is one end that plays one side: made once, and begun anew for every connection.
struct Peer::Context {
    mbedtls_ssl_config conf{};
    mbedtls_ssl_context ssl{};
    mbedtls_x509_crt certificate{};
    mbedtls_pk_context key{};
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_ticket_context tickets{};
#endif

    Context(bool server, const scenario::Setup& setup, SeededChance& chance) noexcept {
        mbedtls_ssl_config_init(&conf);
        mbedtls_ssl_init(&ssl);
        mbedtls_x509_crt_init(&certificate);
        mbedtls_pk_init(&key);
        must(mbedtls_ssl_config_defaults(&conf,
                                         server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                         MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT),
             "mbedtls_ssl_config_defaults");
        mbedtls_ssl_conf_rng(&conf, SeededChance::rng, &chance);
        mbedtls_ssl_conf_authmode(&conf, MBEDTLS_SSL_VERIFY_NONE);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
        mbedtls_ssl_conf_renegotiation(&conf, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
        mbedtls_ssl_conf_renegotiation_enforced(&conf, MBEDTLS_SSL_RENEGOTIATION_NOT_ENFORCED);
#endif
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
        if (server && setup.tls == scenario::TlsVersion::tls13) {
            constexpr std::uint32_t lifetime_s = 86400;
            mbedtls_ssl_ticket_init(&tickets);
            must(mbedtls_ssl_ticket_setup(&tickets, SeededChance::rng, &chance,
                                          MBEDTLS_CIPHER_AES_128_GCM, lifetime_s),
                 "mbedtls_ssl_ticket_setup");
            mbedtls_ssl_conf_session_tickets_cb(&conf, mbedtls_ssl_ticket_write,
                                                mbedtls_ssl_ticket_parse, &tickets);
        }
#endif
        show(credentials_of(server ? scenario::Side::server : scenario::Side::client,
                            setup.identity));
        make_quick(conf, setup);
        must(__real_mbedtls_ssl_setup(&ssl, &conf), "mbedtls_ssl_setup");
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() {
        take_back(conf);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
        mbedtls_ssl_ticket_free(&tickets);
#endif
        mbedtls_ssl_free(&ssl);
        mbedtls_ssl_config_free(&conf);
        mbedtls_x509_crt_free(&certificate);
        mbedtls_pk_free(&key);
    }

    void show(const Credentials& shown) noexcept {
        if (shown.certificate.der.empty()) {
            return;
        }
        const auto [certificate_der, key_der] = std::pair{shown.certificate.der, shown.key.der};
        must(mbedtls_x509_crt_parse_der(&certificate, certificate_der.data(),
                                        certificate_der.size()),
             "mbedtls_x509_crt_parse_der");
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        must(mbedtls_pk_parse_key(&key, key_der.data(), key_der.size(), nullptr, 0,
                                  SeededChance::rng, &key_chance()),
             "mbedtls_pk_parse_key");
#else
        must(mbedtls_pk_parse_key(&key, key_der.data(), key_der.size(), nullptr, 0),
             "mbedtls_pk_parse_key");
#endif
        must(mbedtls_ssl_conf_own_cert(&conf, &certificate, &key), "mbedtls_ssl_conf_own_cert");
    }
};

// Each side in each version of TLS, and with each certificate.
struct Peer::Contexts {
    using ByIdentity = std::array<Context, scenario::identity_count>;

    static ByIdentity with_each_identity(bool server, SeededChance& chance) noexcept {
        const auto with = [&](scenario::Identity identity) {
            return Context{
                server, {.auth = scenario::Auth::certificate, .identity = identity}, chance};
        };
        return {with(scenario::Identity::none), with(scenario::Identity::self_signed),
                with(scenario::Identity::expired), with(scenario::Identity::wrong_host),
                with(scenario::Identity::good)};
    }

    SeededChance chance{peer_seed};
    Context server12{true, {.tls = scenario::TlsVersion::tls12}, chance};
    Context client12{false, {.tls = scenario::TlsVersion::tls12}, chance};
    Context server13{true, {.tls = scenario::TlsVersion::tls13}, chance};
    Context client13{false, {.tls = scenario::TlsVersion::tls13}, chance};
    ByIdentity servers = with_each_identity(true, chance);
    ByIdentity clients = with_each_identity(false, chance);
    mbedtls_ssl_context* ssl = nullptr;  // the one that is on

    Context& of(bool server, const scenario::Setup& setup) noexcept {
        if (setup.auth == scenario::Auth::certificate) {
            return (server ? servers : clients)[static_cast<std::size_t>(setup.identity)];
        }
        if (setup.tls == scenario::TlsVersion::tls13) {
            return server ? server13 : client13;
        }
        return server ? server12 : client12;
    }
};

Peer::Peer() {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    must(psa_crypto_init(), "psa_crypto_init");
    keep_room_for_keys();
#endif
    contexts_ = std::make_unique<Contexts>();
}

Peer::~Peer() = default;

void Peer::begin(const scenario::Setup& setup, Wire& wire) noexcept {
    wire_ = &wire;
    stream_ = nullptr;
    speaks_tls13_ = setup.tls == scenario::TlsVersion::tls13 && speaks_tls13();
    is_server_ = setup.side == scenario::Side::client;
    write_begin_ = write_end_ = written_ = 0;
    asked_ = sent_ = received_ = 0;
    close_due_ = renegotiation_due_ = renegotiation_begun_ = established_ = failed_ = was_closed_ =
        closed_ = false;
    content_is_right_ = true;
    alert_heard_.reset();
    contexts_->chance = SeededChance{peer_seed};
    Context& context = contexts_->of(is_server_, setup);
    contexts_->ssl = &context.ssl;
    must(mbedtls_ssl_session_reset(&context.ssl), "mbedtls_ssl_session_reset");
    if (setup.auth == scenario::Auth::certificate && !is_server_) {
        must(mbedtls_ssl_set_hostname(&context.ssl, setup.sends_name ? host_name : nullptr),
             "mbedtls_ssl_set_hostname");
    }
    mbedtls_ssl_set_bio(&context.ssl, &wire, send_on, receive_from, nullptr);
}

bool Peer::write(std::uint16_t size) noexcept {
    if (size == 0 || close_due_ || write_end_ == writes_.size()) {
        return false;
    }
    writes_[write_end_++] = size;
    asked_ += size;
    return true;
}

std::size_t Peer::admitted(std::size_t size) const noexcept {
    return stream_ == nullptr ? size
                              : stream_->admits(sent_, received_, static_cast<std::uint32_t>(size));
}

std::uint64_t Peer::may_send() const noexcept {
    return closed_ ? sent_ : sent_ + admitted(static_cast<std::size_t>(asked_ - sent_));
}

void Peer::turn() noexcept {
    for (std::uint32_t i = 0; i < steps_per_turn_max; ++i) {
        if (failed_ || !step()) {
            return;
        }
    }
}

// step does one thing. False if nothing can be done now.
bool Peer::step() noexcept {
    if (!established_) {
        return shake_hands();
    }
    const std::size_t waiting = wire_->waits_for_peer();
    const bool has_sent = send();
    const bool has_read = !failed_ && read();
    // A record that is no data, as a warning, is answered with WANT_READ, whatever comes after it.
    return has_sent || has_read || wire_->waits_for_peer() != waiting;
}

// Whether a call that did not succeed has moved the session on all the same; an end is noted.
bool Peer::went_on(int code) noexcept {
    switch (code) {
    case MBEDTLS_ERR_SSL_WANT_READ:
    case MBEDTLS_ERR_SSL_WANT_WRITE:
        return false;
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
        return true;
#endif
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        was_closed_ = true;
        return false;
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: {
        const unsigned char* alert = contexts_->ssl->MBEDTLS_PRIVATE(in_msg);
        alert_heard_ = {alert[0], alert[1]};
        break;
    }
    }
    failed_ = true;
    return false;
}

bool Peer::shake_hands() noexcept {
    const int code = __real_mbedtls_ssl_handshake(contexts_->ssl);
    established_ = code == 0;
    return established_ || went_on(code);
}

// A server that has asked for another handshake and then reads data asks again, and makes that
// message where a record that is not out yet still lies (mbedTLS 2.28.3 library/ssl_msg.c,
// mbedtls_ssl_read, "resend HelloRequest"): the other end gets a wrong MAC. So it waits.
bool Peer::may_read() const noexcept {
    return !renegotiation_begun_ || contexts_->ssl->MBEDTLS_PRIVATE(out_left) == 0;
}

bool Peer::read() noexcept {
    static std::array<std::uint8_t, read_size_max> buffer;
    if (was_closed_ || !may_read()) {
        return false;
    }
    const int returned = __real_mbedtls_ssl_read(contexts_->ssl, buffer.data(), buffer.size());
    if (returned <= 0) {
        return returned < 0 && went_on(returned);
    }
    const auto count = static_cast<std::size_t>(returned);
    const bool is_right =
        stream_ != nullptr
            ? stream_->hear({buffer.data(), count})
            : std::memcmp(buffer.data(), payload(received_, count).data(), count) == 0;
    content_is_right_ = content_is_right_ && is_right;
    received_ += count;
    return true;
}

bool Peer::send() noexcept {
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    if (renegotiation_due_ && written_ == 0) {
        renegotiation_due_ = false;
        renegotiation_begun_ = true;
        const int code = mbedtls_ssl_renegotiate(contexts_->ssl);
        // Of a client that is not ready for it, or in TLS 1.3, it is refused before anything is
        // sent.
        const bool refused = code == MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
        return code == 0 || refused || went_on(code);
    }
#endif
    const std::size_t left =
        write_begin_ < write_end_ ? admitted(writes_[write_begin_] - written_) : 0;
    if (left > 0) {
        const std::uint8_t* data =
            (stream_ != nullptr ? stream_->at(sent_, left) : payload(sent_, left)).data();
        const int returned = __real_mbedtls_ssl_write(contexts_->ssl, data, left);
        if (returned <= 0) {
            return went_on(returned);
        }
        sent_ += static_cast<std::uint32_t>(returned);
        written_ += static_cast<std::uint32_t>(returned);
        if (written_ == writes_[write_begin_]) {
            ++write_begin_;
            written_ = 0;
        }
        return true;
    }
    if (!close_due_ || closed_) {
        return false;
    }
    const int code = __real_mbedtls_ssl_close_notify(contexts_->ssl);
    closed_ = code == 0;
    return closed_ || went_on(code);
}

}  // namespace shimfuzz::harness
