package auth

// FileError is a file of the [Options] that cannot be used.
type FileError struct {
	Option string // what names the file: UsersFile, JWT.KeySetFile or Broker.PasscodesFile
	Err    error  // names the file
}

// Error gives what is wrong behind the option that names the file.
func (e *FileError) Error() string { return "auth: " + e.Option + ": " + e.Err.Error() }

// Unwrap gives what is wrong.
func (e *FileError) Unwrap() error { return e.Err }
