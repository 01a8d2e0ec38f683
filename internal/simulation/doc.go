// Package simulation proves the engine: it is a test and nothing else.
//
// The real control, engine, platform and store run against simulated hosts,
// users, a network and a clock, on one goroutine. What happens next is the
// earliest event of a heap; every choice (a delay, a lost reply, a crash, what
// a script returns) is drawn from one generator that the seed starts. So a seed
// is a whole history, the same every time:
//
//	go test ./internal/simulation                        some hundred histories
//	go test ./internal/simulation -seeds 10000           as many as wanted
//	go test ./internal/simulation -seed 42 -v            one, line by line
//	go test ./internal/simulation -platform ECS          of one platform alone
//	go test ./internal/simulation -run Broken -broken    rules broken on purpose
//
// # Parts
//
//   - world: the clock, the heap of events and the generator
//   - network: requests and replies that are lost, delayed, doubled, reordered
//   - database: SQLite in memory, whose transactions can fail and kill
//   - server: replicas of the server on one database, with leases; they crash,
//     stall in the middle of their work, hand over and return
//   - host: agents with a journal, and official ones without
//   - workload: users who deploy, stop, and edit what deployments depend on
//   - alarms, zones: what deployments go by beside hosts, with their rules
//   - outside, hooks: calls to Lambda and ECS that fail, lose their replies, and
//     that servers die and stall at; hooks that answer late, twice or never
//   - functions, services: Lambda, and ECS with its load balancers, as the mem
//     packages have them, with somebody else who changes them, and their rules
//   - balancers: package mem's load balancer in front of some groups of hosts, which
//     does not always answer, with its rules
//   - model: what is committed, as plain values, row by row as it changes
//   - rules: what must hold after every transaction, at the end, and of every
//     answer; written down again from CodeDeploy's documentation, not taken
//     from the code
//   - trace: what happened, as lines and as one hash
//   - broken: proof that the rules bite
//
// # What it does not show
//
// Transactions are serialised, as SQLite's are: what several writers of
// PostgreSQL may do to each other inside one is not simulated. Leases are judged
// by the replicas' own clocks, which differ, as PostgreSQL's would not. The
// outbox, the edge, the object store and the real agent are tested
// elsewhere.
package simulation
