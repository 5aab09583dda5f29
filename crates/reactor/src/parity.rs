//! Python's `socketserver`, name for name: what stands for each class, attribute and hook here, and whether it does
//! *the same* or something *else*, on purpose. Each row names the test of `tests/parity` that shows it.
//!
//! # Servers
//!
//! | socketserver | here | | shown by |
//! |---|---|---|---|
//! | `TCPServer` | [`Reactor`] that [listens](Reactor::listen) at `tcp://` | same | `tcp_server_is_a_loop_that_listens` |
//! | `UDPServer` | [`Reactor`] with a [bound](Reactor::bind) `udp://` | same | `udp_server_is_a_loop_with_a_bound_socket` |
//! | `UnixStreamServer` | the same at `unix:` | else: a stale path is taken over, the path has its mode before anybody can call, and goes with the server | `unix_stream_server_removes_its_path` |
//! | `UnixDatagramServer` | the same at `unix-dgram:` | else: likewise | `unix_datagram_server_removes_its_path` |
//! | `BaseServer(address, Handler)` | [`Reactor::new`], with one [`Handler`] | else: one handler for all calls, which keeps their state by id; any number of addresses | `base_server_has_one_handler_for_all_calls` |
//! | `address_family`, `socket_type` | [`Address`](crate::Address) | same, in one type | `address_family_and_socket_type_are_the_address` |
//! | `server_address` | what [`listen`](Reactor::listen) gives back | same: the real port | `server_address_is_given_back` |
//! | `server_bind`, `server_activate`, `bind_and_activate` | [`listen`](Reactor::listen) | else: one step; who calls before the loop runs waits in the backlog | `server_activate_is_part_of_listening` |
//! | `request_queue_size` | [`ListenOptions::backlog`](crate::ListenOptions::backlog) | else: 1,024 instead of 5 | `request_queue_size_is_the_backlog` |
//! | `allow_reuse_address` | always for streams, [`BindOptions::reuse_address`](crate::BindOptions::reuse_address) for datagrams | else: a restarted server gets its port back | `allow_reuse_address_is_the_rule` |
//! | `allow_reuse_port` | [`ListenOptions::reuse_port`](crate::ListenOptions::reuse_port), [`BindOptions::reuse_port`](crate::BindOptions::reuse_port) | same, off unless asked for | `allow_reuse_port_shares_a_port` |
//! | `socket`, `fileno` | [`Reactor::adopt`] | else: the loop keeps its sockets to itself, but takes yours | `socket_may_be_made_elsewhere` |
//! | `get_request` | [`Net::accept`](crate::Net::accept) | else: overridden for all sockets at once, by another [`Net`](crate::Net) | `get_request_belongs_to_the_net` |
//! | `with server:` | dropping the [`Reactor`] | same: everything is closed | `with_statement_is_a_scope` |
//!
//! # Running and stopping
//!
//! | socketserver | here | | shown by |
//! |---|---|---|---|
//! | `serve_forever` | [`Reactor::run`] | same | `serve_forever_is_run` |
//! | `poll_interval` | none | else: the loop is woken, it does not look now and then | `poll_interval_is_not_needed` |
//! | `handle_request` | [`Reactor::run_once`] | else: the next thing that happens, and whatever else is ready by then; no call is waited for to its end | `handle_request_is_run_once` |
//! | `timeout`, `handle_timeout` | argument of [`run_once`](Reactor::run_once), [`Handler::handle_timeout`] | same | `handle_timeout_is_told_when_nothing_came` |
//! | `service_actions` | [`Handler::service_actions`] | same, once in every turn | `service_actions_come_once_a_turn` |
//! | `shutdown` | [`Handle::shutdown`](crate::Handle::shutdown) | else: at once, from anywhere; from inside a handler, where Python waits for itself for ever | `shutdown_works_inside_a_handler` |
//! | `server_close` | [`Handle::drain`](crate::Handle::drain) | else: calls may end, until a deadline | `server_close_has_a_deadline` |
//!
//! # Hooks of the server
//!
//! | socketserver | here | | shown by |
//! |---|---|---|---|
//! | `verify_request` | [`Handler::verify`] | else: it cannot end the loop by failing | `verify_request_turns_one_call_away` |
//! | `process_request` | the turn | else: all calls at once on one thread, each within its budget | `process_request_interleaves_calls` |
//! | `finish_request` | [`setup`](Handler::setup), [`handle`](Handler::handle), [`finish`](Handler::finish) | same order | `finish_request_is_setup_handle_finish` |
//! | `shutdown_request`, `close_request` | [`Context::close`](crate::Context::close) | else: what was sent last is not overtaken by a reset | `shutdown_request_lets_the_last_bytes_arrive` |
//! | `handle_error` | [`Handler::handle_error`], and a log line for a blocking call that fails | else: hooks have no exceptions to throw; a panic in one ends the loop, a panic in a blocking call ends that call | `handle_error_of_a_call_ends_that_call_only` |
//!
//! # Handlers of calls
//!
//! | socketserver | here | | shown by |
//! |---|---|---|---|
//! | `BaseRequestHandler` | [`Handler`] | else: `finish` comes once for every `setup`, whatever went wrong between them | `base_request_handler_is_always_finished` |
//! | `request`, `client_address`, `server` | [`ConnId`](crate::ConnId), [`Origin::peer`](crate::Origin::peer), `&mut self` | same | `client_address_is_the_origins_peer` |
//! | `StreamRequestHandler` | [`blocking::Call`](crate::blocking::Call) | same, but the loop owns the socket | `stream_request_handler_is_a_call` |
//! | `rfile`, `rbufsize` | [`Read`](std::io::Read) for `Call` | same; buffered by the line of the call | `rfile_is_read` |
//! | `wfile`, `wbufsize` | [`Write`](std::io::Write) for `Call` | same: unbuffered, and every write whole | `wfile_is_write` |
//! | `StreamRequestHandler.timeout` | [`Limits::idle_timeout`](crate::Limits::idle_timeout) and its sisters | else: the loop's; `idle_timeout` is Python's, and a trickle of bytes does not help against the others | `stream_timeout_is_the_loops` |
//! | `disable_nagle_algorithm` | none | else: always disabled, as the loop writes whole batches | `disable_nagle_algorithm_is_the_rule` |
//! | `DatagramRequestHandler` | [`Handler::datagram`] | else: answers as often as it likes, to anybody, or not at all | `datagram_request_handler_answers_as_often_as_it_likes` |
//! | `max_packet_size` | [`Limits::datagram_bytes_max`](crate::Limits::datagram_bytes_max) | else: 65,535 instead of 8,192, and what is cut is told | `max_packet_size_is_told` |
//!
//! # Mixins
//!
//! | socketserver | here | | shown by |
//! |---|---|---|---|
//! | `ThreadingMixIn` | [`blocking::Blocking`](crate::blocking::Blocking) | else: a bounded number of threads; who finds none waits, counted | `threading_mix_in_is_a_bounded_pool` |
//! | `process_request_thread` | a thread of the [`Pool`](crate::blocking::Pool) | else: it serves the next call after a panic | `process_request_thread_outlives_a_panic` |
//! | `daemon_threads` | none | same as `True`: nobody waits for a thread that waits | `daemon_threads_are_the_rule` |
//! | `block_on_close` | [`Handle::drain`](crate::Handle::drain) | else: calls may end, until a deadline | `block_on_close_has_a_deadline` |
//! | `ForkingMixIn` | [`Workers`](crate::Workers) | else: threads with a loop each, no processes | `forking_mix_in_is_workers` |
//! | `max_children` | [`Threads::running_max`](crate::blocking::Threads::running_max) | same, 32 instead of 40 | `max_children_is_kept_and_the_next_waits` |
//! | `active_children`, `collect_children` | [`PoolStats`](crate::blocking::PoolStats) | else: nothing to collect, only to count | `active_children_are_counted` |
//! | `ThreadingTCPServer`, `ThreadingUnixStreamServer`, `ForkingTCPServer`, `ForkingUnixStreamServer` | [`Blocking::reactor`](crate::blocking::Blocking::reactor) | else: one for all, by its address | `threading_tcp_server_is_one_line` |
//! | `ThreadingUDPServer`, `ThreadingUnixDatagramServer`, `ForkingUDPServer`, `ForkingUnixDatagramServer` | a [`Pool`](crate::blocking::Pool), and [`Handle::post`](crate::Handle::post) with the answer | else: a datagram is no call, so nothing waits for it | `threading_udp_server_is_a_pool_and_a_post` |
//!
//! # What it lacks
//!
//! Deadlines, limits by source and in bytes, slow peers, an `accept` that survives a want of descriptors, groups,
//! connections of one's own, several loops, and a network to test on: see [`Limits`](crate::Limits),
//! [`Context`](crate::Context) and `sim`.

#[allow(unused_imports, reason = "the page links to them")]
use crate::{Handler, Reactor};
