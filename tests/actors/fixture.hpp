#pragma once

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/send.hpp>

#include "actors/protocol.hpp"
#include "loop/event_loop.hpp"

/// The loop on a clock that only advance() moves. Pending time-outs hold actors alive, hence the switch.
struct actor_fixture {
  actor_fixture() { sys.await_actors_before_shutdown(false); }

  bool has_types = [] {
    caf::init_global_meta_objects<caf::id_block::procvisor_daemon>();
    return true;
  }();
  procvisor::loop_config cfg{true};
  caf::actor_system sys{cfg};
  procvisor::event_loop& loop = procvisor::event_loop::of(sys);
};
