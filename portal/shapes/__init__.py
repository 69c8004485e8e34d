"""What goes over the API's wire: every shape of JSON, read strictly and described by itself."""
