//! The worked forecast, answered by separate processes over NATS.

crate::worked_example::every_line!(crate::worked_example::example::Example::by_processes);
