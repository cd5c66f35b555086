// SPDX-License-Identifier: Apache-2.0
//
// How the event loop of a given libwebsockets serves one TLS connection, bugs included.
//
// Not how a loop should be (model/lawful_loop.hpp), nor what is right (harness/loop_judge.hpp): a
// dialect exists to be compared with the real lws pass by pass (conformance.hpp), and by that to
// say in a few hundred lines what tens of thousands of lines do. Its input is what the shim
// returned. It is written in lws's own order and words, with the place in lws beside each part.
//
// One connection, the poll backend of unix, no extensions, no timeouts: a scenario ends in
// milliseconds of simulated time. Memory never runs out.
#pragma once

#include "model/dialects/loop_event.hpp"
#include "scenario/scenario.hpp"

#include <vector>

namespace shimfuzz::model {

// Whose loop. 4.3.5 stands for 4.3 and 4.4 as far as these were read.
enum class LwsVersion : std::uint8_t { v4_1_6, v4_3_5 };

// PeerStream is what the dialect must know of what the peer sends above TLS.
struct PeerStream {
    std::uint32_t opening = 0;        // bytes until the role is established
    std::uint32_t frame_head = 0;     // before each frame's payload; 0: no frames
    std::uint32_t frame_payload = 0;  // bytes of each frame
};

// Whose answers the dialect gets and who hears what it does. One implementation replays what a real
// lws did (conformance.cpp).
class DialectWorld {
public:
    // any_size as a size: the dialect does not know what the role's own bytes come to.
    static constexpr std::uint32_t any_size = UINT32_MAX;

    // The shim is called. `size` becomes what was passed if it is any_size.
    virtual ShimAnswer call(ShimCall call, std::uint32_t& size) noexcept = 0;

    // The opening call returns. `lives`: there is a connection.
    virtual void opened(bool lives) noexcept = 0;

    // The application is told. Unless it was of `received` or `closed`, it acts then: see act.
    virtual void tell(LoopEventKind told, std::uint32_t size) noexcept = 0;

    // act returns what is done next: asked_writeable, wrote or returned within a callback, and
    // outside of one what drives the loop. Where the loop itself does something next, that is
    // returned and stays next.
    virtual LoopEvent act() noexcept = 0;

    // The loop is at entry of poll. Returns what poll does.
    virtual PollEvents sleep(const PollEvents& interest, bool at_once) noexcept = 0;

    // Nothing more happens: everything above returns nonsense that ends a connection.
    [[nodiscard]] virtual bool is_over() const noexcept = 0;

protected:
    ~DialectWorld() = default;
};

class Dialect {
public:
    Dialect(LwsVersion version, scenario::Side side, scenario::Role role, const PeerStream& peer,
            DialectWorld& world) noexcept;

    // run plays the connection from its opening until it is gone or the world is over.
    void run() noexcept;

private:
    // pt_serv_buf_size, which is also the rx_buffer_size of our application's protocol.
    static constexpr std::uint32_t serv_buf_size = 4096;

    // LWS_PRE on 64 bit machines.
    static constexpr std::uint32_t headroom = 16;

    // lws v4.3.5 lib/core-net/service.c:397 `pt_serv_buf_size - LWS_PRE`
    static constexpr std::uint32_t read_at_most = serv_buf_size - headroom;

    // lws v4.3.5 lib/core-net/output.c:96 `n += LWS_PRE + 4;`
    static constexpr std::uint32_t write_at_most = serv_buf_size + headroom + 4;

    // lwsi_state, as far as these roles go through it.
    // lws v4.3.5 lib/roles/private-lib-roles.h:89 `LRS_UNCONNECTED`
    enum class State : std::uint8_t {
        waiting_connect,
        waiting_ssl,
        ssl_init,
        ssl_ack_pending,
        waiting_server_reply,
        h1c_issue_handshake,
        established,
        body,
        flushing_before_close,
        shutdown,
        dead_socket,
    };
    enum class RoleOps : std::uint8_t { raw, h1, ws };
    enum class Handled : std::uint8_t { handled, please_close_me, already_died };
    enum class Capable : std::uint8_t { bytes, more_service, error };
    enum class Shaken : std::uint8_t { done, not_yet, failed };

    // What came of one lws_ssl_capable_read or _write.
    struct Io {
        Capable capable = Capable::error;
        std::uint32_t bytes = 0;
    };

    // What lws_buflist_aware_read gives.
    struct Input {
        Capable capable = Capable::error;
        std::uint32_t bytes = 0;
        bool buffered = false;
    };

    // The loop (dialect.cpp).
    void open() noexcept;
    void drive(const LoopEvent& done) noexcept;
    void turn() noexcept;
    [[nodiscard]] bool polls_at_once() const noexcept;
    bool service(PollEvents& revents) noexcept;
    [[nodiscard]] bool service_of_hang_up(const PollEvents& revents) noexcept;
    void service_ripe_rxflow() noexcept;
    [[nodiscard]] PollEvents polled() const noexcept;
    Handled handle_pollin(PollEvents& revents) noexcept;
    [[nodiscard]] bool handle_pollout_event() noexcept;
    [[nodiscard]] bool tell(LoopEventKind told) noexcept;
    void callback_on_writable() noexcept;
    void rx_flow_control(bool on) noexcept;
    void change_events(const PollEvents& off, const PollEvents& on) noexcept;
    void close() noexcept;
    [[nodiscard]] bool goes_on_after_flush() noexcept;
    void close_for_good() noexcept;

    // Input and output (dialect.cpp).
    static bool is_syscall_or_ssl(SslError error) noexcept;
    ShimAnswer call(ShimCall call, std::uint32_t& size) noexcept;
    [[nodiscard]] Io capable_read(std::uint32_t size) noexcept;
    [[nodiscard]] Io capable_write(std::uint32_t& size) noexcept;
    [[nodiscard]] Input buflist_aware_read() noexcept;
    void finished_consuming(const Input& input, std::uint32_t used) noexcept;
    bool issue_raw(std::uint32_t size) noexcept;
    bool drain_output() noexcept;
    bool write_message(std::uint32_t size) noexcept;
    bool tls_shutdown() noexcept;

    // The roles (roles.cpp).
    [[nodiscard]] bool server_socket_service_ssl() noexcept;
    Handled pollin_raw(PollEvents& revents) noexcept;
    Handled pollin_h1(PollEvents& revents) noexcept;
    Handled pollin_ws(PollEvents& revents) noexcept;
    Handled h1_server(PollEvents& revents) noexcept;
    Handled h1_server_pollout(const PollEvents& revents) noexcept;
    [[nodiscard]] Input ws_input(std::uint32_t size) noexcept;
    [[nodiscard]] std::int64_t read_h1(std::uint32_t size) noexcept;
    [[nodiscard]] bool opening_is_read() noexcept;
    void deliver(std::uint32_t size) noexcept;

    // Clients (clients.cpp).
    void open_client() noexcept;
    Handled pollin_h1_client(PollEvents& revents) noexcept;
    Handled read_body() noexcept;
    Handled client_socket_service(PollEvents& revents) noexcept;
    Handled connected() noexcept;
    Handled client_shakes_hands() noexcept;
    [[nodiscard]] Shaken shake_hands() noexcept;
    Handled send_request() noexcept;
    Handled read_reply(const PollEvents& revents) noexcept;
    [[nodiscard]] bool reply_is_read() noexcept;
    Handled fail_client() noexcept;

    LwsVersion version_;
    bool client_;
    RoleOps ops_;
    scenario::Role role_;
    PeerStream peer_stream_;
    DialectWorld& world_;

    State state_ = State::ssl_init;
    bool opening_ = true;  // who asked for it has not been given it yet
    bool in_fds_ = false;
    PollEvents events_;                   // pt->fds[].events
    PollEvents revents_;                  // pt->fds[].revents
    bool pollfd_is_made_up_ = false;      // for do_ripe_rxflow
    bool unusable_ = false;               // socket_is_permanently_unusable
    bool tls_read_wanted_write_ = false;  // since 4.3
    bool on_pending_list_ = false;        // tls.dll_pending_tls
    bool close_was_begun_ = false;        // wsistate_pre_close
    bool favoured_pollin_ = false;
    bool handling_pollout_ = false;
    bool hdr_parsing_completed_ = false;
    bool flow_controlled_ = false;            // rxflow_bitmap
    std::uint32_t tls_pending_ = 0;           // SSL_pending, as of the last call
    std::vector<std::uint32_t> buflist_;      // read and not consumed: sizes of its segments
    std::vector<std::uint32_t> buflist_out_;  // written and not sent
    std::uint64_t consumed_ = 0;              // by the role, of the peer's stream
};

}  // namespace shimfuzz::model
