//! The worked forecast, answered by the running binary.

crate::worked_example::every_line!(crate::worked_example::example::Example::by_the_binary);
