// How the kernel schedules this process. Thread: the main one, before others are made: they inherit it.
#pragma once

namespace ingress::uv {

// Lets whoever wakes this process run on until it waits or its turn ends (SCHED_BATCH), instead of being interrupted.
// A proxy hop is woken by who has just written to it and is about to wait: without the interruption the next hop is
// found idle on the same processor, and no sleeping one has to be woken. The share of processor time stays what it
// was. A policy that somebody chose (systemd's CPUSchedulingPolicy) is left alone.
void schedule_in_turn();

}  // namespace ingress::uv
