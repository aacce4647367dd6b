// Package callback is the door WeChat knocks on: [Door.Receive] verifies a
// push, opens it, writes it down and says "success"; [Door.WorkDue] gives each
// event, later and once, to the room it concerns.
//
// Pushes of WeChat's full-network release test are answered with encrypted
// passive replies and, by [Release], with a customer message.
//
// Nothing that is not signed with our token and encrypted with our key is ever
// stored. What is stored is durable before the answer goes out. An effect runs
// after the answer, again if it failed or its worker died, so effects must be
// idempotent; no transaction spans rooms.
//
// It knows no HTTP, no database and no other room: api brings the pushes, sql
// keeps the events, cmd wires the effects.
package callback
